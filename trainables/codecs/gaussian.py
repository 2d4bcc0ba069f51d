"""Gaussian heatmaps: one bump of height 1 for each landmark, its centre exact or rounded to a cell."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from trainables.config import Config, config
from trainables.recipe import Positive

REACH = 3  # standard deviations: where a rounded Gaussian ends, and how far outside a landmark still leaves a trace


@config
class Gaussian(Config):
    """H(p) = exp(−‖p − μ‖² / 2σ²), `sigma` in heatmap px. μ is the landmark itself, or, with `biased`, the cell that
    it rounds to; the map is then 0 beyond 3σ along either axis.

    Source: bao2023keyposs Eqs. 2–4, and its public code.
    Departs: the paper prints a factor 1/(2πσ) and the landmark in image px; the code has the height 1 and heatmap px.
    """

    sigma: Positive = 2.0
    biased: bool = False

    def encode(
        self,
        landmarks: Float[Tensor, "batch landmarks 2"],
        present: Bool[Tensor, "batch landmarks"],
        height: int,
        width: int,
    ) -> tuple[Float[Tensor, "batch landmarks {height} {width}"], Float[Tensor, "batch landmarks"]]:
        """Maps of landmarks given in heatmap px, and their weights.

        The weight is 1, or 0 where the landmark is missing or no cell lies within 3σ of it along both axes; the map is
        then 0.
        """
        x, y = landmarks.unbind(-1)
        along_x, inside_x = self._profile(x, width)
        along_y, inside_y = self._profile(y, height)
        seen = present & inside_x & inside_y
        # Zeros, not a factor 0: a missing landmark is NaN.
        along_y = torch.where(seen[..., None], along_y, 0.0)
        along_x = torch.where(seen[..., None], along_x, 0.0)
        return along_y[..., :, None] * along_x[..., None, :], seen.to(landmarks.dtype)

    def describe(self) -> str:
        return f"{'biased' if self.biased else 'unbiased'} Gaussian σ {self.sigma:g}"

    def _profile(self, centre: Tensor, cells: int) -> tuple[Tensor, Tensor]:
        """The Gaussian along one axis [..., cells], and whether a cell lies within 3σ: the bump is their product."""
        if self.biased:
            centre = torch.floor(centre + 0.5)
        distance = torch.arange(cells, device=centre.device, dtype=centre.dtype) - centre[..., None]
        near = distance.abs() <= REACH * self.sigma
        profile = torch.exp(-(distance**2) / (2 * self.sigma**2))
        return (torch.where(near, profile, 0.0) if self.biased else profile), near.any(dim=-1)

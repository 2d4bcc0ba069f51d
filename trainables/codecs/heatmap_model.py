"""What networks with one heatmap for each landmark share: target, loss, and decoding by any decoder."""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from trainables.codecs.decoder import Decoder
from trainables.codecs.gaussian import Gaussian
from trainables.losses.heatmaps import HeatmapCriterion, LossName, NamedCriterion
from trainables.method import Batch, LandmarkModel

Heatmaps = Float[Tensor, "batch landmarks height width"]


class HeatmapModel(LandmarkModel):
    """RGB images [B, 3, S, S] → heatmaps [B, K, S/stride, S/stride] of `network`.

    A landmark at x in the crop is at x/stride in its heatmap, pixel centres at whole numbers in both.
    """

    def __init__(
        self,
        network: nn.Module,
        encoder: Gaussian,
        decoder: Decoder,
        stride: int,
        loss: LossName | HeatmapCriterion,
    ) -> None:
        super().__init__()
        self.network = network
        self.encoder, self.decoder, self.stride = encoder, decoder, stride
        self.criterion = loss if isinstance(loss, HeatmapCriterion) else NamedCriterion(loss)

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images)

    def losses(self, output: Heatmaps, batch: Batch) -> dict[str, Tensor]:
        """The distance of the maps from those of the truth, a landmark weighing what the batch says, outside 0."""
        height, width = output.shape[2:]
        truth, inside = self.encoder.encode(batch.landmarks / self.stride, batch.present, height, width)
        return self.criterion(output, truth, inside * batch.weight)

    def epoch_ended(self, validation: dict[str, float]) -> None:
        self.criterion.epoch_ended(validation)

    def start_from(self, weights: dict[str, Tensor]) -> None:
        """Take over the network; what the loss remembers begins anew, and may be another loss."""
        own = {f"criterion.{name}": value for name, value in self.criterion.state_dict().items()}
        network = {name: value for name, value in weights.items() if not name.startswith("criterion.")}
        super().start_from(network | own)

    def heatmaps(self, output: Any) -> Heatmaps:
        """The maps of an output that landmarks are read from."""
        return output

    def decode(self, output: Any) -> Float[Tensor, "batch landmarks 2"]:
        return self.decode_with(self.decoder, self.heatmaps(output))[0]

    def decode_with(
        self, decoder: Decoder, heatmaps: Heatmaps
    ) -> tuple[Float[Tensor, "batch landmarks 2"], Float[Tensor, "batch landmarks"]]:
        """Landmarks in px of the crop, and confidences in [0, 1], by any decoder."""
        points, confidence = decoder.decode(heatmaps)
        return points * self.stride, confidence


class StackedHeatmapModel(HeatmapModel):
    """A network that answers several times, each time knowing what it said before: [B, T, K, S/stride, S/stride].

    Every answer is trained, and the last one is read.
    """

    def losses(self, output: Float[Tensor, "batch stacks landmarks height width"], batch: Batch) -> dict[str, Tensor]:
        """The sum of the losses of all answers."""
        each = [super(StackedHeatmapModel, self).losses(maps, batch) for maps in output.unbind(1)]
        return {name: torch.stack([terms[name] for terms in each]).sum() for name in each[0]}

    def heatmaps(self, output: Float[Tensor, "batch stacks landmarks height width"]) -> Heatmaps:
        return output[:, -1]


class TruthModel(HeatmapModel):
    """The maps of the truth, which evaluation asks for by `maps_of_truth`: there is no network, and nothing is trained.

    Pictures tell it nothing. Asked for their maps, [B, K, size, size] too, it gives those of the mean landmarks of the
    last training batch.
    """

    mean: Tensor

    def __init__(self, num_landmarks: int, size: int, encoder: Gaussian, decoder: Decoder, stride: int) -> None:
        super().__init__(nn.Identity(), encoder, decoder, stride, "mse")
        self.size = size
        self.register_buffer("mean", torch.zeros(num_landmarks, 2))

    def forward(self, images: Tensor) -> Heatmaps:
        means = self.mean.expand(len(images), -1, -1)
        return self.maps_of_truth(means, torch.ones_like(means[..., 0], dtype=torch.bool))

    def maps_of_truth(
        self, landmarks: Float[Tensor, "batch landmarks 2"], present: Bool[Tensor, "batch landmarks"]
    ) -> Heatmaps:
        """Of landmarks in px of the crop. The map of one that is missing is 0."""
        return self.encoder.encode(landmarks / self.stride, present, self.size, self.size)[0]

    def losses(self, output: Heatmaps, batch: Batch) -> dict[str, Tensor]:
        """Those of any heatmaps, for the record."""
        if self.training:
            present = batch.present[..., None]
            self.mean = torch.where(present, batch.landmarks, 0.0).sum(0) / present.sum(0).clamp(min=1)
        return super().losses(output, batch)

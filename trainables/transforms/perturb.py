"""Perturbations of the network's input: what a robustness study does to the crops that it measures.

They act on crops in [0, 1], after resizing and before a network normalises them. Lengths are px of the network's input,
whatever its size. What is random about one depends on its seed alone: not on the other images of the batch, nor on the
device, nor on the level, so that a stronger one of the same kind disturbs a face in the same way, only more.

Source: kozlowska2026hrmlff Fig. 6 (noise, blur, down-sampling; of levels it states only "30 %" of noise and "strong"
motion blur).
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Annotated, ClassVar

import cv2
import numpy as np
import torch
from jaxtyping import Float, Int64
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from trainables.config import Config, config
from trainables.transforms.resize import resize_bicubic

Images = Float[Tensor, "batch 3 height width"]
Seeds = Int64[Tensor, " batch"]
Share = Annotated[float, Field(gt=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


class Perturbation(Config, ABC):
    """One kind at one level. `VERSION` is raised when the pixels change."""

    VERSION: ClassVar[int] = 1

    @abstractmethod
    def apply(self, images: Images, seeds: Seeds) -> Images:
        """Perturbed copies of RGB crops in [0, 1], on the same device. One seed for each image, see `image_seed`."""

    @abstractmethod
    def describe(self) -> str:
        """Kind and level in words, as the ledger and tables say it."""


def image_seed(name: str) -> int:
    """The seed that belongs to a face, by its name: 63 bits that no other face, order or subset changes."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1


@config
class GaussianNoise(Perturbation):
    """Independent noise on every channel of every pixel; `sigma` in shares of the full range. Clipped to [0, 1]."""

    sigma: Positive

    def apply(self, images: Images, seeds: Seeds) -> Images:
        noise = _drawn(seeds, lambda generator: torch.randn(images.shape[1:], generator=generator))
        return (images + self.sigma * noise.to(images)).clamp(0.0, 1.0)

    def describe(self) -> str:
        return f"Gaussian noise σ {self.sigma:g}"


@config
class NoisyPixels(Perturbation):
    """A share of the pixels, each drawn with this probability, has a random colour instead of its own.

    The other reading of "30 % noise", beside a standard deviation of .30.
    """

    share: Share

    def apply(self, images: Images, seeds: Seeds) -> Images:
        _, channels, height, width = images.shape
        drawn = _drawn(seeds, lambda generator: torch.rand((1 + channels, height, width), generator=generator))
        drawn = drawn.to(images)
        return torch.where(drawn[:, :1] < self.share, drawn[:, 1:], images)

    def describe(self) -> str:
        return f"noise in {100 * self.share:g} % of the pixels"


@config
class MotionBlur(Perturbation):
    """The mean along a straight line of this length, in a direction drawn for each image from all directions."""

    length_px: Annotated[float, Field(ge=1)]

    def apply(self, images: Images, seeds: Seeds) -> Images:
        angles = torch.pi * _drawn(seeds, lambda generator: torch.rand((), generator=generator, dtype=torch.float64))
        return _filtered(images, _line_kernels(angles, self.length_px).to(images))

    def describe(self) -> str:
        return f"motion blur {self.length_px:g} px"


@config
class GaussianBlur(Perturbation):
    """The mean under a Gaussian of this standard deviation, cut off at four of them."""

    sigma_px: Positive

    def apply(self, images: Images, seeds: Seeds) -> Images:
        reach = int(np.ceil(4 * self.sigma_px))
        offsets = torch.arange(-reach, reach + 1, dtype=torch.float64)
        weights = torch.exp(-0.5 * (offsets / self.sigma_px) ** 2)
        kernel = (weights / weights.sum()).to(images).expand(len(images), -1)
        return _filtered(_filtered(images, kernel[:, None, :]), kernel[:, :, None])

    def describe(self) -> str:
        return f"Gaussian blur σ {self.sigma_px:g} px"


@config
class Downsampling(Perturbation):
    """Made `factor` times smaller and as large again, both bicubic, the first with an antialiasing filter."""

    factor: Annotated[float, Field(ge=1)]

    def apply(self, images: Images, seeds: Seeds) -> Images:
        height, width = images.shape[-2:]
        smaller = max(1, round(height / self.factor)), max(1, round(width / self.factor))
        return resize_bicubic(resize_bicubic(images, smaller), (height, width))

    def describe(self) -> str:
        return f"down-sampling ×{self.factor:g}"


@config
class Jpeg(Perturbation):
    """Written as JPEG and read again, on the processor: eight bits, colours at half the resolution."""

    quality: Annotated[int, Field(ge=1, le=100)]

    def apply(self, images: Images, seeds: Seeds) -> Images:
        pixels = (images * 255).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
        read = torch.from_numpy(np.stack([self._coded(each) for each in pixels]))
        return read.permute(0, 3, 1, 2).to(images) / 255

    def _coded(self, rgb: np.ndarray) -> np.ndarray:
        bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
        _, code = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, self.quality])
        return cv2.cvtColor(np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR)), cv2.COLOR_BGR2RGB)

    def describe(self) -> str:
        return f"JPEG quality {self.quality}"


@config
class Occluder(Perturbation):
    """One upright rectangle of one random colour covers this share of the crop, wherever it fits.

    Its width is ½ to 2 times its height, as far as a rectangle of that area can be within the crop.
    """

    area: Share

    def apply(self, images: Images, seeds: Seeds) -> Images:
        height, width = images.shape[-2:]
        drawn = _drawn(seeds, lambda generator: torch.rand(6, generator=generator, dtype=torch.float64))
        stretch = torch.exp((2 * drawn[:, 0] - 1) * min(np.log(2), -np.log(self.area)))
        wide = (width * torch.sqrt(self.area * stretch)).round()
        high = (height * torch.sqrt(self.area / stretch)).round()
        left = (drawn[:, 1] * (width - wide)).round()
        top = (drawn[:, 2] * (height - high)).round()
        covered = _between(top, top + high, height)[:, :, None] & _between(left, left + wide, width)[:, None, :]
        return torch.where(covered[:, None].to(images.device), drawn[:, 3:, None, None].to(images), images)

    def describe(self) -> str:
        return f"occluder {100 * self.area:g} %"


# By kind, from weak to strong.
LEVELS: dict[str, tuple[Perturbation, ...]] = {
    "gaussian_noise": tuple(GaussianNoise(sigma=sigma) for sigma in (0.05, 0.1, 0.2, 0.3)),
    "noisy_pixels": (NoisyPixels(share=0.3),),
    "motion_blur": tuple(MotionBlur(length_px=length) for length in (5, 9, 15, 21, 31)),
    "gaussian_blur": tuple(GaussianBlur(sigma_px=sigma) for sigma in (1, 2, 4)),
    "downsampling": tuple(Downsampling(factor=factor) for factor in (2, 4, 8)),
    "jpeg": tuple(Jpeg(quality=quality) for quality in (50, 20, 10)),
    "occluder": tuple(Occluder(area=area) for area in (0.1, 0.2, 0.3)),
}


def _drawn(seeds: Seeds, draw: Callable[[torch.Generator], Tensor]) -> Tensor:
    """One draw for each image from a generator of its own. On the processor: devices draw other numbers."""
    return torch.stack([draw(torch.Generator().manual_seed(seed)) for seed in seeds.tolist()])


def _filtered(images: Images, kernels: Float[Tensor, "batch rows columns"]) -> Images:
    """Each image with its own kernel of odd sides; beyond an edge its last pixel goes on."""
    count, channels, height, width = images.shape
    rows, columns = kernels.shape[1:]
    padded = functional.pad(images, (columns // 2, columns // 2, rows // 2, rows // 2), mode="replicate")
    weights = kernels.repeat_interleave(channels, dim=0)[:, None]
    flat = functional.conv2d(padded.reshape(1, count * channels, *padded.shape[2:]), weights, groups=count * channels)
    return flat.reshape(count, channels, height, width)


def _line_kernels(angles: Float[Tensor, " batch"], length_px: float) -> Float[Tensor, "batch side side"]:
    """Lines through the centre, as wide as a pixel: a weight falls to nothing at 1 px from the line. Each sums to 1."""
    half = (length_px - 1) / 2
    reach = int(np.ceil(half))
    offsets = torch.arange(-reach, reach + 1, dtype=angles.dtype)
    x, y = offsets[None, None, :], offsets[None, :, None]
    cosine, sine = torch.cos(angles)[:, None, None], torch.sin(angles)[:, None, None]
    along = (x * cosine + y * sine).clamp(-half, half)
    distance = torch.hypot(x - along * cosine, y - along * sine)
    weights = (1 - distance).clamp(min=0.0)
    return weights / weights.sum(dim=(1, 2), keepdim=True)


def _between(low: Tensor, high: Tensor, length: int) -> Tensor:
    """[B] and [B] → [B, length]: which whole positions lie in [low, high)."""
    positions = torch.arange(length)
    return (positions >= low[:, None]) & (positions < high[:, None])

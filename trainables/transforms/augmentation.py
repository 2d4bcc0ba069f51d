"""Augmentation of whole batches on the training device: geometry in one resampling, then colour, then an occluder.

Every draw comes from the generator that is handed in, for the whole global batch, so that a resumed trial sees the same
images and two workers together see what one worker would.
"""

import math
from dataclasses import dataclass, field, fields, replace
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from trainables.config import Named, config
from trainables.transforms import photometric
from trainables.transforms.geometric import mirror, move_landmarks, rotation, stretch, warp
from trainables.transforms.occlusion import covered, occlude_, rectangles

Probability = Annotated[float, Field(ge=0, le=1)]
Range = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
_PIXELS_IN_CACHE = 2 * 256**2  # of one processor core, with all that is computed from them


@config
class Augmentation:
    """Ranges of random changes; 0 switches one off. The defaults are paper 001's.

    `rotation_deg`: uniform in ± this, about the crop's centre. `crop_jitter`: each edge of the crop moves by a uniform
    share of its side in ± this. `brightness, contrast, saturation`: factors uniform in 1 ± this. `hue`: a shift uniform
    in ± this share of the colour circle.

    `rotation_sd_deg`, `scale_sd`: where above 0, the angle and the scale are not uniform but normal with this standard
    deviation, clipped to their range. `scale`: the crop's side is multiplied by 1 ± this, so that the face shrinks
    where the factor grows. `shift`: the crop moves along x and y by a share of its side in ± this. `channel_gain`: red,
    green and blue are each multiplied by 1 ± this. `occlusion_probability`: of one rectangle over the crop, its area
    uniform in `occluder_area_min…max` of the crop; a share `occluder_noise` of them is filled with noise, the others
    with the image's mean colour. The landmarks that it covers are no longer visible.

    Source: sharif2025resnet18 Sec. 1 and 5.1.
    Departs: the paper prints no ranges; ±10° and 0.3, 0.3, 0.3, 0.1 are those of the public dlib-XML tutorials for
    PyTorch, whose words it repeats, and ±5 % of crop jitter stands for their random crop.
    """

    rotation_deg: Annotated[float, Field(ge=0, le=180)] = 10.0
    crop_jitter: Annotated[float, Field(ge=0, lt=0.5)] = 0.05
    flip_probability: Probability = 0.5
    brightness: Range = 0.3
    contrast: Range = 0.3
    saturation: Range = 0.3
    hue: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    rotation_sd_deg: Range = field(default=0.0, metadata={"neutral": 0.0})
    rotation_probability: Probability = field(default=1.0, metadata={"neutral": 1.0})
    scale: Share = field(default=0.0, metadata={"neutral": 0.0})
    scale_sd: Range = field(default=0.0, metadata={"neutral": 0.0})
    shift: Range = field(default=0.0, metadata={"neutral": 0.0})
    shift_probability: Probability = field(default=1.0, metadata={"neutral": 1.0})
    channel_gain: Share = field(default=0.0, metadata={"neutral": 0.0})
    occlusion_probability: Probability = field(default=0.0, metadata={"neutral": 0.0})
    occluder_area_min: Probability = field(default=0.02, metadata={"neutral": 0.02})
    occluder_area_max: Probability = field(default=0.2, metadata={"neutral": 0.2})
    occluder_noise: Probability = field(default=0.5, metadata={"neutral": 0.5})


@dataclass(frozen=True)
class Draws:
    """The random numbers of one global batch, each [B] or [B, n]: uniform in [-1, 1] where nothing else is said."""

    rotation: Tensor
    edges: Tensor  # [B, 4]: left, top, right, bottom
    flip: Tensor  # true or false
    colour: Tensor  # [B, 4]: brightness, contrast, saturation, hue
    rotates: Tensor  # true or false
    scale: Tensor
    shift: Tensor  # [B, 2]: x, y; 0 where it does not shift
    gains: Tensor  # [B, 3]: red, green, blue
    occludes: Tensor  # true or false
    noisy: Tensor  # true or false: the occluder is of noise
    occluder: Tensor  # [B, 4] in [0, 1]: area, shape, place along x and y
    noise_seed: int  # of the one noise picture that all occluders of the batch show parts of

    @staticmethod
    def of(augmentation: Augmentation, batch: int, generator: torch.Generator) -> "Draws":
        uniform = torch.rand(batch, 10, generator=generator)
        # A second call: these came later, and the numbers above must stay what they were.
        more = torch.rand(batch, 14, generator=generator)
        signed, signed_more = 2 * uniform - 1, 2 * more - 1
        return Draws(
            rotation=signed[:, 0],
            edges=signed[:, 1:5],
            flip=uniform[:, 9] < augmentation.flip_probability,
            colour=signed[:, 5:9],
            rotates=more[:, 0] < augmentation.rotation_probability,
            scale=signed_more[:, 1],
            shift=signed_more[:, 2:4] * (more[:, 4:5] < augmentation.shift_probability),
            gains=signed_more[:, 5:8],
            occludes=more[:, 8] < augmentation.occlusion_probability,
            noisy=more[:, 9] < augmentation.occluder_noise,
            occluder=more[:, 10:14],
            noise_seed=int(torch.randint(2**62, (), generator=generator)),
        )

    def part(self, rows: slice) -> "Draws":
        tensors = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "noise_seed"}
        return replace(self, **{name: tensor[rows] for name, tensor in tensors.items()})


def augment(
    augmentation: Augmentation,
    draws: Draws,
    crops: Tensor,
    landmarks: Tensor,
    present: Tensor,
    visible: Tensor,
    permutation: tuple[int, ...],
    size: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images [B, 3, S, S] in [0, 1], with their landmarks [B, K, 2] (crop px), which of them are present, and visible.

    `crops`: uint8 [B, S+2·pad, S+2·pad, 3] on the device that the images are wanted on; all else is on the CPU.
    `permutation`: of the landmarks in a mirrored picture.
    """
    maps, order = geometry(augmentation, draws, size), torch.tensor(permutation)
    landmarks = move_landmarks(landmarks, maps, draws.flip, order)
    present = torch.where(draws.flip[:, None], present[:, order], present)
    visible = torch.where(draws.flip[:, None], visible[:, order], visible)
    occluders = occluder_rectangles(augmentation, draws, size)
    visible = visible & ~(draws.occludes[:, None] & covered(landmarks, occluders))
    noise = torch.empty(0)
    if (draws.occludes & draws.noisy).any():
        noise = torch.rand(3, size, size, generator=torch.Generator().manual_seed(draws.noise_seed)).to(crops.device)
    images = torch.empty(len(crops), 3, size, size, device=crops.device)
    pad = (crops.shape[1] - size) // 2
    # A few pictures at a time stay in a processor's cache: 3 times as many a second. A GPU takes all of them at once.
    few = max(1, _PIXELS_IN_CACHE // size**2) * torch.get_num_threads()
    step = few if crops.device.type == "cpu" else len(crops)
    for start in range(0, len(crops), step):
        rows = slice(start, start + step)
        floats = crops[rows].permute(0, 3, 1, 2).float().div_(255)
        some = jitter_colour(augmentation, draws.part(rows), warp(floats, maps[rows], pad, size))
        images[rows] = occlude_(some, occluders[rows], draws.occludes[rows], noise, draws.noisy[rows])
    return images, landmarks, present, visible


def geometry(augmentation: Augmentation, draws: Draws, size: int) -> Tensor:
    """The maps from crop px to augmented crop px [B, 3, 3], float64: crop jitter, shift, rotation and scale, flip."""
    edges, shift = draws.edges.double() * augmentation.crop_jitter * size, draws.shift * augmentation.shift * size
    turned = rotation(angles(augmentation, draws), side_factors(augmentation, draws), size)
    return mirror(draws.flip, size) @ turned @ stretch(edges, shift, size)


def angles(augmentation: Augmentation, draws: Draws) -> Tensor:
    """Angles of rotation [B] in rad, float64."""
    share = _spread(draws.rotation, augmentation.rotation_deg, augmentation.rotation_sd_deg)
    return torch.where(draws.rotates, share * math.radians(augmentation.rotation_deg), 0.0)


def side_factors(augmentation: Augmentation, draws: Draws) -> Tensor:
    """What the crop's side is multiplied by [B], float64."""
    return 1 + augmentation.scale * _spread(draws.scale, augmentation.scale, augmentation.scale_sd)


def occluder_rectangles(augmentation: Augmentation, draws: Draws, size: int) -> Tensor:
    """Where the occluders are [B, 4], see `occlusion.rectangles`; also for the images that have none."""
    low, high = augmentation.occluder_area_min, augmentation.occluder_area_max
    area, shape, place = draws.occluder[:, 0], draws.occluder[:, 1], draws.occluder[:, 2:]
    return rectangles(low + (high - low) * area, shape, place, size)


def jitter_colour(augmentation: Augmentation, draws: Draws, images: Tensor) -> Tensor:
    """Brightness, contrast, saturation, hue and the channels' gains of [B, 3, H, W] images in [0, 1], in this order."""
    brightness, contrast, saturation, hue = draws.colour.to(images).unbind(1)
    if augmentation.brightness:
        images = photometric.brighten(images, 1 + augmentation.brightness * brightness)
    if augmentation.contrast:
        images = photometric.stretch_contrast(images, 1 + augmentation.contrast * contrast)
    if augmentation.saturation:
        images = photometric.saturate(images, 1 + augmentation.saturation * saturation)
    if augmentation.hue:
        images = photometric.turn_hue(images, augmentation.hue * 2 * math.pi * hue)
    if augmentation.channel_gain:
        images = photometric.gain_channels(images, 1 + augmentation.channel_gain * draws.gains.to(images))
    return images


def reach(augmentation: Augmentation) -> float:
    """How far beyond the crop's edge an augmented view can look, as a share of the crop's side.

    A corner looks farthest, at 45° or the largest angle below.
    """
    angle = math.radians(min(augmentation.rotation_deg, 45.0))
    half = 0.5 * (1 + augmentation.scale) * (math.cos(angle) + math.sin(angle))
    beyond = half - 0.5 + augmentation.shift
    return beyond * (1 + 2 * augmentation.crop_jitter) + augmentation.crop_jitter


def _spread(signed: Tensor, limit: float, sd: float) -> Tensor:
    """From uniform numbers in [-1, 1]: those in float64, or normal ones of deviation sd/limit, clipped to ±1."""
    uniform = signed.double()
    if not sd or not limit:
        return uniform
    # The quantile function: one draw for either distribution.
    return (math.sqrt(2) * torch.erfinv(uniform) * (sd / limit)).clamp(-1, 1)


_UNCOLOURED = Augmentation(rotation_deg=0, crop_jitter=0, brightness=0, contrast=0, saturation=0, hue=0)
_KEYPOSS = replace(
    _UNCOLOURED, rotation_deg=60, rotation_sd_deg=30, rotation_probability=0.6, scale=0.25, scale_sd=0.25
)

# One name for each paper's recipe: kozlowska2026hrmlff (its Datasets and Implementation Details), sharif2025resnet18
# Sec. 5.1, bao2023keyposs (public code; on COCO-WholeBody with a shift), wan2026sht (its Implementation Details),
# sun2019hrnet and bulat2017fan (public code of each).
# What the papers leave open is set as in the others: that hrmlff's scale is of the crop's side, as everywhere else; how
# often and how large its occluders are; that sht flips.
AUGMENTATIONS: dict[str, Augmentation] = Named(
    {
        "hrmlff": replace(_UNCOLOURED, rotation_deg=30, scale=0.2, occlusion_probability=0.5),
        "resnet18": Augmentation(),
        "keyposs": _KEYPOSS,
        "keyposs_coco": replace(_KEYPOSS, shift=0.16, shift_probability=0.3),
        "sht": replace(_UNCOLOURED, rotation_deg=30, rotation_sd_deg=15, scale=0.2, scale_sd=0.1),
        "hrnet_official": replace(_UNCOLOURED, rotation_deg=30, rotation_probability=0.6, scale=0.25),
        "fan_official": replace(
            _UNCOLOURED,
            **{"rotation_deg": 60, "rotation_sd_deg": 30, "rotation_probability": 0.4},
            **{"scale": 0.3, "scale_sd": 0.3, "channel_gain": 0.3},
        ),
    }
)

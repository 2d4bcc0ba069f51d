"""Augmentation of whole batches on the training device: geometry in one resampling, then colour.

Every draw comes from the generator that is handed in, for the whole global batch, so that a resumed trial sees the same
images and two workers together see what one worker would.
"""

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from kornia import enhance
from kornia.geometry.transform import warp_affine
from pydantic import Field
from torch import Tensor

from trainables.config import config

Probability = Annotated[float, Field(ge=0, le=1)]
Range = Annotated[float, Field(ge=0)]


@config
class Augmentation:
    """Ranges of random changes; 0 switches one off. The defaults are paper 001's.

    `rotation_deg`: uniform in ± this, about the crop's centre. `crop_jitter`: each edge of the crop moves by a uniform
    share of its side in ± this. `brightness, contrast, saturation`: factors uniform in 1 ± this. `hue`: a shift uniform
    in ± this share of the colour circle.

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


@dataclass(frozen=True)
class Draws:
    """The random numbers of one global batch, each [B]: uniform in [-1, 1], but `flip`, which is true or false."""

    rotation: Tensor
    edges: Tensor  # [B, 4]: left, top, right, bottom
    flip: Tensor
    colour: Tensor  # [B, 4]: brightness, contrast, saturation, hue

    @staticmethod
    def of(augmentation: Augmentation, batch: int, generator: torch.Generator) -> "Draws":
        uniform = torch.rand(batch, 10, generator=generator)
        signed = 2 * uniform - 1
        return Draws(signed[:, 0], signed[:, 1:5], uniform[:, 9] < augmentation.flip_probability, signed[:, 5:9])

    def part(self, rows: slice) -> "Draws":
        return Draws(self.rotation[rows], self.edges[rows], self.flip[rows], self.colour[rows])


def geometry(augmentation: Augmentation, draws: Draws, size: int) -> Tensor:
    """The maps from crop px to augmented crop px [B, 3, 3], float64: crop jitter, rotation, then flip.

    A positive angle turns the image counter-clockwise as seen, with y downwards.
    """
    batch = len(draws.rotation)
    left, top, right, bottom = (draws.edges.double() * augmentation.crop_jitter * size).unbind(1)
    gain_x, gain_y = size / (size + right - left), size / (size + bottom - top)
    jitter = torch.eye(3, dtype=torch.float64).repeat(batch, 1, 1)
    jitter[:, 0, 0], jitter[:, 0, 2] = gain_x, -left * gain_x
    jitter[:, 1, 1], jitter[:, 1, 2] = gain_y, -top * gain_y
    angle = draws.rotation.double() * math.radians(augmentation.rotation_deg)
    cos, sin, centre = torch.cos(angle), torch.sin(angle), (size - 1) / 2
    rotation = torch.eye(3, dtype=torch.float64).repeat(batch, 1, 1)
    rotation[:, 0, 0], rotation[:, 0, 1], rotation[:, 0, 2] = cos, sin, centre - cos * centre - sin * centre
    rotation[:, 1, 0], rotation[:, 1, 1], rotation[:, 1, 2] = -sin, cos, centre + sin * centre - cos * centre
    mirror = torch.eye(3, dtype=torch.float64).repeat(batch, 1, 1)
    mirror[draws.flip, 0, 0], mirror[draws.flip, 0, 2] = -1.0, float(size - 1)
    return mirror @ rotation @ jitter


def warp(images: Tensor, maps: Tensor, pad: int, size: int) -> Tensor:
    """Resample [B, C, S+2·pad, S+2·pad] crops with their surroundings to [B, C, S, S] by crop-px `maps` [B, 3, 3]."""
    # Stored pixel r lies at crop px r − pad.
    offset = torch.eye(3, dtype=maps.dtype)
    offset[:2, 2] = -pad
    return warp_affine(images, (maps @ offset)[:, :2].to(images), (size, size), align_corners=True)


def move_landmarks(landmarks: Tensor, maps: Tensor, flip: Tensor, permutation: Tensor) -> Tensor:
    """Landmarks [B, K, 2] through `maps`; where an image was mirrored, left and right landmarks change places."""
    moved = landmarks.double() @ maps[:, :2, :2].transpose(1, 2) + maps[:, None, :2, 2]
    return torch.where(flip[:, None, None], moved[:, permutation], moved).to(landmarks.dtype)


def jitter_colour(augmentation: Augmentation, draws: Draws, images: Tensor) -> Tensor:
    """Brightness, contrast, saturation and hue of [B, 3, H, W] images in [0, 1], in this order."""
    brightness, contrast, saturation, hue = draws.colour.to(images).unbind(1)
    if augmentation.brightness:
        images = (images * (1 + augmentation.brightness * brightness)[:, None, None, None]).clamp(0, 1)
    if augmentation.contrast:
        images = enhance.adjust_contrast_with_mean_subtraction(images, 1 + augmentation.contrast * contrast)
    if augmentation.saturation:
        images = enhance.adjust_saturation_with_gray_subtraction(images, 1 + augmentation.saturation * saturation)
    if augmentation.hue:
        images = enhance.adjust_hue(images, augmentation.hue * 2 * math.pi * hue)
    return images

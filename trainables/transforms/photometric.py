"""Colours of [B, 3, H, W] pictures in [0, 1]. Factors are [B], 1 is neutral; results stay in [0, 1].

kornia is imported where it is used: a trial without these changes starts without it, and sooner.
"""

from torch import Tensor


def brighten(images: Tensor, factor: Tensor) -> Tensor:
    return (images * factor[:, None, None, None]).clamp(0, 1)


def stretch_contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Distances from the picture's mean grey, times `factor`."""
    from kornia import enhance

    return enhance.adjust_contrast_with_mean_subtraction(images, factor)


def saturate(images: Tensor, factor: Tensor) -> Tensor:
    """Distances from each pixel's grey, times `factor`."""
    from kornia import enhance

    return enhance.adjust_saturation_with_gray_subtraction(images, factor)


def turn_hue(images: Tensor, angle: Tensor) -> Tensor:
    """Every hue moves by `angle` [B] rad on the colour circle; 0 is neutral."""
    from kornia import enhance

    return enhance.adjust_hue(images, angle)


def gain_channels(images: Tensor, factors: Tensor) -> Tensor:
    """Red, green and blue, times their own of `factors` [B, 3]."""
    return (images * factors[:, :, None, None]).clamp(0, 1)

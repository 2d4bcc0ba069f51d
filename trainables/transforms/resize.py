"""Pictures at another resolution, as super-resolution measures it."""

from torch import Tensor
from torch.nn import functional


def resize_bicubic(images: Tensor, size: tuple[int, int]) -> Tensor:
    """[B, C, H, W] images in [0, 1] at another height and width: bicubic (a = −½), antialiased where they shrink.

    The same as Pillow's to one grey level of 255, but where that cuts off an overshoot between its two passes: here
    values are cut off at 0 and 1 in the end. OpenCV's bicubic does not antialias.

    Source: ma2020dic (public code).
    """
    resized = functional.interpolate(images, size=size, mode="bicubic", align_corners=False, antialias=True)
    return resized.clamp(0, 1)

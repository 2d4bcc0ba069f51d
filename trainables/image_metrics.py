"""How close a picture is to the true one: PSNR and SSIM of its brightness, for super-resolution. NumPy and SciPy only.

The protocol of face super-resolution: eight bits, brightness Y rounded to eight bits, without a border of as many px as
one low-resolution pixel is wide.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

Array = NDArray[np.floating]

BORDER_PX = 8
_WINDOW_RADIUS, _WINDOW_SIGMA = 5, 1.5  # 11 × 11 px
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def picture_quality(restored: Array, truth: Array) -> dict[str, float]:
    """PSNR in dB and SSIM of two RGB pictures [H, W, 3] in [0, 1]; `inf` dB where they are the same. `picture_l1`: the
    mean absolute difference of all their values, borders included. A picture with values that are no numbers is as bad
    as can be: −inf dB, −1 and inf.

    `ssim_dic` is the SSIM of 256−Y, which the public code of DIC computes instead: its eight-bit brightness overflows.
    Only the brightness changes sign there, so that its PSNR is the usual one.
    Source: ma2020dic (public code).
    """
    if not np.isfinite(restored).all():
        return {"psnr": -math.inf, "ssim": -1.0, "ssim_dic": -1.0, "picture_l1": math.inf}
    restored_y, true_y = (_without_border(np.round(luma(eight_bits(each)))) for each in (restored, truth))
    return {
        "psnr": psnr(restored_y, true_y),
        "ssim": ssim(restored_y, true_y),
        "ssim_dic": ssim(256 - restored_y, 256 - true_y),
        "picture_l1": float(np.abs(restored - truth).mean()),
    }


def eight_bits(image: Array) -> Array:
    """Values in [0, 1] as whole numbers from 0 to 255; what lies outside is clipped."""
    return np.round(np.clip(np.asarray(image, dtype=np.float64), 0.0, 1.0) * 255)


def luma(rgb: Array) -> Array:
    """Brightness Y from 16 (black) to 235 (white) of RGB [..., 3] from 0 to 255, not rounded. Source: itu2011bt601."""
    return 16 + np.asarray(rgb, dtype=np.float64) @ np.array([65.481, 128.553, 24.966]) / 255


def psnr(image: Array, truth: Array) -> float:
    """Peak signal-to-noise ratio in dB of values from 0 to 255: 20·log₁₀(255/√MSE)."""
    squared = np.square(np.asarray(image, dtype=np.float64) - truth).mean()
    return float(20 * np.log10(255 / np.sqrt(squared))) if squared > 0 else float("inf")


def ssim(image: Array, truth: Array) -> float:
    """Structural similarity of two pictures [H, W] with values from 0 to 255: 1 where they are the same.

    Mean over the places where the window (11 × 11, Gaussian, σ 1.5) lies wholly inside. ValueError where there is none.
    Source: wang2004ssim Eq. 13.
    """
    if min(np.shape(image)) <= 2 * _WINDOW_RADIUS:
        raise ValueError(f"SSIM needs pictures of at least 11 × 11 px; this one has {np.shape(image)}.")
    a, b = np.asarray(image, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    mean_a, mean_b = _windowed(a), _windowed(b)
    variance_a, variance_b = _windowed(a * a) - mean_a**2, _windowed(b * b) - mean_b**2
    covariance = _windowed(a * b) - mean_a * mean_b
    brightness = (2 * mean_a * mean_b + _C1) / (mean_a**2 + mean_b**2 + _C1)
    structure = (2 * covariance + _C2) / (variance_a + variance_b + _C2)
    return float((brightness * structure).mean())


def _windowed(image: Array) -> Array:
    """The mean under the window at every place where it lies wholly inside."""
    offsets = np.arange(-_WINDOW_RADIUS, _WINDOW_RADIUS + 1)
    weights = np.exp(-0.5 * (offsets / _WINDOW_SIGMA) ** 2)
    weights /= weights.sum()
    inside = slice(_WINDOW_RADIUS, -_WINDOW_RADIUS)
    return correlate1d(correlate1d(image, weights, axis=0), weights, axis=1)[inside, inside]


def _without_border(image: Array) -> Array:
    return image[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX]

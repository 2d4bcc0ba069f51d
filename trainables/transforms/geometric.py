"""Where pictures and landmarks go: maps from crop px to augmented crop px, and the one resampling that follows them.

A pixel's centre has integer coordinates, y points down. Maps are [B, 3, 3] in float64.
"""

import torch
from torch import Tensor
from torch.nn import functional


def stretch(edges_px: Tensor, shift_px: Tensor, size: int) -> Tensor:
    """The maps to a crop whose edges moved by `edges_px` [B, 4] (left, top, right, bottom), and then all of it by
    `shift_px` [B, 2]."""
    left, top, right, bottom = edges_px.unbind(1)
    gain_x, gain_y = size / (size + right - left), size / (size + bottom - top)
    maps = _identities(len(edges_px))
    maps[:, 0, 0], maps[:, 0, 2] = gain_x, -left * gain_x - shift_px[:, 0]
    maps[:, 1, 1], maps[:, 1, 2] = gain_y, -top * gain_y - shift_px[:, 1]
    return maps


def rotation(angle: Tensor, side_factor: Tensor, size: int) -> Tensor:
    """The maps to a crop that is turned by `angle` [B] rad about its centre, with its side times `side_factor` [B].

    A positive angle turns the picture counter-clockwise as seen.
    """
    cos, sin, centre = torch.cos(angle) / side_factor, torch.sin(angle) / side_factor, (size - 1) / 2
    maps = _identities(len(angle))
    maps[:, 0, 0], maps[:, 0, 1], maps[:, 0, 2] = cos, sin, centre - cos * centre - sin * centre
    maps[:, 1, 0], maps[:, 1, 1], maps[:, 1, 2] = -sin, cos, centre + sin * centre - cos * centre
    return maps


def mirror(flip: Tensor, size: int) -> Tensor:
    """The maps that send column x to size − 1 − x where `flip` [B]."""
    maps = _identities(len(flip))
    maps[flip, 0, 0], maps[flip, 0, 2] = -1.0, float(size - 1)
    return maps


def warp(images: Tensor, maps: Tensor, pad: int, size: int) -> Tensor:
    """Resample [B, C, S+2·pad, S+2·pad] crops with their surroundings to [B, C, S, S] by crop-px `maps` [B, 3, 3].

    Bilinear; black where a map looks beyond the surroundings.
    """
    # Stored pixel r lies at crop px r − pad.
    offset = torch.eye(3, dtype=maps.dtype)
    offset[:2, 2] = -pad
    grid = _sampling_grid((maps @ offset).to(images.dtype), images.shape[-1], size, images.device)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=True)


def move_landmarks(landmarks: Tensor, maps: Tensor, flip: Tensor, permutation: Tensor) -> Tensor:
    """Landmarks [B, K, 2] through `maps`; where an image was mirrored, left and right landmarks change places."""
    moved = landmarks.double() @ maps[:, :2, :2].transpose(1, 2) + maps[:, None, :2, 2]
    return torch.where(flip[:, None, None], moved[:, permutation], moved).to(landmarks.dtype)


def _identities(batch: int) -> Tensor:
    return torch.eye(3, dtype=torch.float64).repeat(batch, 1, 1)


def _sampling_grid(maps: Tensor, side: int, size: int, device: torch.device) -> Tensor:
    """For each output pixel the place in a `side`-px picture that `maps` sends there [B, size, size, 2], in ±1."""
    from_output = _inverse(_to_unit(size, maps.dtype) @ (maps @ _inverse(_to_unit(side, maps.dtype)))).to(device)
    along = torch.linspace(-1.0, 1.0, size, device=device, dtype=maps.dtype)
    grid = from_output.new_empty(len(maps), 2, size, size)
    for axis in range(2):
        x, y, constant = from_output[:, axis, :, None].unbind(1)
        # The products are of one row and one column; only their sum is a whole picture.
        torch.add((x * along)[:, None, :], (y * along)[:, :, None], out=grid[:, axis])
        grid[:, axis] += constant[:, :, None]
    return grid.permute(0, 2, 3, 1)


def _to_unit(side: int, dtype: torch.dtype) -> Tensor:
    """Pixels 0…side−1 to −1…1 [1, 3, 3]."""
    gain = 2.0 / (side - 1.0)
    return torch.tensor([[[gain, 0.0, -1.0], [0.0, gain, -1.0], [0.0, 0.0, 1.0]]], dtype=dtype)


def _inverse(matrices: Tensor) -> Tensor:
    """The inverse of [B, 3, 3], by cross products of its columns."""
    a, b, c = matrices.unbind(-1)
    adjugate = torch.stack([torch.linalg.cross(b, c), torch.linalg.cross(c, a), torch.linalg.cross(a, b)], dim=-2)
    return adjugate / (a * adjugate[:, 0]).sum(-1)[:, None, None]

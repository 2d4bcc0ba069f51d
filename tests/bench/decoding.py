"""Decoding 2,500 faces × 98 landmarks at 64×64 against a loop over landmarks: 1/20 of its time, equal within 1e-3 px.

The loop is written from the formulas, one landmark at a time with NumPy and OpenCV, as reference implementations are.
It takes minutes, so it decodes a part of the faces and its time is scaled up; ours decodes all of them. One core.
"""

import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.codecs.dark import Dark
from trainables.codecs.decoder import Decoder
from trainables.codecs.gaussian import Gaussian
from trainables.codecs.multilateration import Multilateration
from trainables.methods.hrnet import Hrnet
from trainables.schemes import SCHEMES

FACES, LANDMARKS, SIZE = 2500, 98, 64
LOOPED = 60  # faces that the loop decodes
BATCH = 50  # faces decoded at once, as after a forward pass
SIGMA, BLUR = 2.0, 11
ROUNDS = 3
FORWARD = 8  # faces of the batch that HRNet sees

Map = NDArray[np.float32]


def run() -> Iterator[str]:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    generator = torch.Generator().manual_seed(0)
    heatmaps = _noisy(FACES // 10, generator)  # seen ten times over: all faces at once would be 4 GB
    with torch.no_grad():
        for decoder, loop in _pairs():
            yield from _compared(decoder, loop, heatmaps)
        yield _share_of_forward(heatmaps)


def _pairs() -> list[tuple[Decoder, Callable[[Map], NDArray[np.float64]]]]:
    kernels = [(Multilateration(kernel=kernel), lambda heatmap, k=kernel: keyposs(heatmap, k)) for kernel in (2, 4)]
    return [*kernels, (Dark(blur=BLUR), dark)]


def _compared(decoder: Decoder, loop: Callable, heatmaps: Tensor) -> Iterator[str]:
    maps = heatmaps[:LOOPED].numpy()
    ratios = []
    for number in range(1, ROUNDS + 1):
        started = time.perf_counter()
        expected = np.array([[loop(heatmap) for heatmap in face] for face in maps])
        looped = (time.perf_counter() - started) * FACES / LOOPED
        started = time.perf_counter()
        for _ in range(FACES // len(heatmaps)):
            found = torch.cat([decoder.decode(batch)[0] for batch in heatmaps.split(BATCH)])
        ours = time.perf_counter() - started
        ratios.append(looped / ours)
        yield f"{decoder.describe()}, round {number}: loop {looped:.1f} s, ours {ours:.2f} s"
    difference = np.abs(found[:LOOPED].numpy() - expected).max()
    yield (
        f"{decoder.describe()}: 1/{sorted(ratios)[ROUNDS // 2]:.0f} of the loop's time (median; at most 1/20), "
        f"largest difference {difference:.1e} px (at most 1e-3)"
    )


def _share_of_forward(heatmaps: Tensor) -> str:
    model = Hrnet().build(SCHEMES["98"]).eval()
    images = torch.rand(FORWARD, 3, 256, 256)
    model(images)
    started = time.perf_counter()
    model(images)
    forward = time.perf_counter() - started
    decoded = {}
    for decoder in (Multilateration(), Dark()):
        started = time.perf_counter()
        decoder.decode(heatmaps[:FORWARD])
        decoded[decoder.describe()] = (time.perf_counter() - started) / forward
    shares = ", ".join(f"{name} {share:.2%}" for name, share in decoded.items())
    return f"share of HRNet-W18's forward pass on the same {FORWARD} faces: {shares} (at most 5 %)"


def _noisy(faces: int, generator: torch.Generator) -> Tensor:
    """Heatmaps as a network gives them: Gaussians with a little noise, everywhere on the map."""
    points = torch.rand(faces, LANDMARKS, 2, generator=generator) * (SIZE - 1)
    maps, _ = Gaussian(sigma=SIGMA).encode(points, torch.ones(faces, LANDMARKS, dtype=torch.bool), SIZE, SIZE)
    return maps + 0.002 * torch.randn(maps.shape, generator=generator)


def keyposs(heatmap: Map, kernel: int) -> NDArray[np.float64]:
    """True-range multilateration of one landmark. Source: bao2023keyposs Eqs. 9–14."""
    height, width = heatmap.shape
    y, x = np.unravel_index(np.argmax(heatmap), heatmap.shape)
    sums = cv2.boxFilter(heatmap, -1, (kernel, kernel), anchor=(0, 0), normalize=False, borderType=cv2.BORDER_CONSTANT)
    best, left, top = -np.inf, 0, 0
    for row in range(max(0, y - kernel + 1), min(y, height - kernel) + 1):
        for column in range(max(0, x - kernel + 1), min(x, width - kernel) + 1):
            if sums[row, column] >= best:
                best, left, top = sums[row, column], column, row
    rows, columns = np.mgrid[top : top + kernel, left : left + kernel]
    anchors = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float64)
    values = heatmap[top : top + kernel, left : left + kernel].ravel().astype(np.float64)
    squares = -2 * SIGMA**2 * np.log(np.maximum(values, 1e-9))
    last = anchors[-1]
    design = last - anchors[:-1]
    target = 0.5 * (squares[:-1] - squares[-1] + last @ last - (anchors[:-1] ** 2).sum(axis=1))
    return np.linalg.inv(design.T @ design) @ design.T @ target


def dark(heatmap: Map) -> NDArray[np.float64]:
    """Distribution-aware decoding of one landmark. Source: zhang2020dark (public code)."""
    height, width = heatmap.shape
    y, x = np.unravel_index(np.argmax(heatmap), heatmap.shape)
    border = BLUR // 2
    padded = np.zeros((height + 2 * border, width + 2 * border), dtype=np.float32)
    padded[border:-border, border:-border] = heatmap.copy()
    blurred = cv2.GaussianBlur(padded, (BLUR, BLUR), 0)[border:-border, border:-border].copy()
    blurred *= np.max(heatmap) / np.max(blurred)
    logs = np.log(np.maximum(blurred, 1e-10))
    peak = np.array([x, y], dtype=np.float64)
    if not (1 < x < width - 2 and 1 < y < height - 2):
        return peak
    gradient = 0.5 * np.array([logs[y, x + 1] - logs[y, x - 1], logs[y + 1, x] - logs[y - 1, x]], dtype=np.float64)
    dxx = 0.25 * (logs[y, x + 2] - 2 * logs[y, x] + logs[y, x - 2])
    dyy = 0.25 * (logs[y + 2, x] - 2 * logs[y, x] + logs[y - 2, x])
    dxy = 0.25 * (logs[y + 1, x + 1] - logs[y - 1, x + 1] - logs[y + 1, x - 1] + logs[y - 1, x - 1])
    hessian = np.array([[dxx, dxy], [dxy, dyy]], dtype=np.float64)
    if np.linalg.det(hessian) == 0:
        return peak
    return peak - np.linalg.inv(hessian) @ gradient

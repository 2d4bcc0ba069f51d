"""Perturbations do what they say, alike for a face wherever it stands, and keep crops in [0, 1]."""

import math
import subprocess
import sys

import pytest
import torch
from torch import Tensor

from trainables.config import ConfigError, from_plain, to_plain
from trainables.transforms.perturb import (
    LEVELS,
    Downsampling,
    GaussianBlur,
    GaussianNoise,
    Jpeg,
    MotionBlur,
    NoisyPixels,
    Occluder,
    image_seed,
)
from trainables.trial import Evaluation, robustness_evaluations

EVERY = [level for levels in LEVELS.values() for level in levels]
each_perturbation = pytest.mark.parametrize("perturbation", EVERY, ids=lambda one: one.describe())
weakest_first = pytest.mark.parametrize("kind", LEVELS)


def seeds_of(*names: str) -> Tensor:
    return torch.tensor([image_seed(name) for name in names])


NAMES = ("a.jpg", "b.jpg#1", "c.jpg")
SEEDS = seeds_of(*NAMES)


@pytest.fixture(scope="module")
def crops() -> Tensor:
    """Three smooth pictures of 64 px with an edge."""
    x, y = torch.meshgrid(torch.linspace(0, 1, 64), torch.linspace(0, 1, 64), indexing="xy")
    picture = torch.stack([x, y, (x + y) / 2]) * 0.8 + 0.1 * (x > 0.5)
    return torch.stack([picture, picture.flip(1), picture.flip(2)])


@each_perturbation
def test_crops_stay_crops_in_0_to_1_and_the_originals_stay_what_they_were(perturbation, crops):
    before = crops.clone()
    found = perturbation.apply(crops, SEEDS)
    assert found.shape == crops.shape
    assert found.dtype == crops.dtype
    assert found.min() >= 0
    assert found.max() <= 1
    assert torch.equal(crops, before)
    assert (found - crops).abs().mean() > 1e-4


@each_perturbation
def test_a_face_is_perturbed_alike_alone_in_company_and_in_another_order(perturbation, crops):
    together = perturbation.apply(crops, SEEDS)
    alone = torch.cat([perturbation.apply(crops[i : i + 1], SEEDS[i : i + 1]) for i in range(3)])
    turned = perturbation.apply(crops.flip(0), SEEDS.flip(0)).flip(0)
    torch.testing.assert_close(alone, together, rtol=0, atol=1e-6)
    torch.testing.assert_close(turned, together, rtol=0, atol=1e-6)


@each_perturbation
def test_a_perturbation_survives_plain_data(perturbation):
    assert from_plain(to_plain(perturbation)) == perturbation


@weakest_first
def test_a_higher_level_disturbs_more(kind, crops):
    disturbed = [float((level.apply(crops, SEEDS) - crops).abs().mean()) for level in LEVELS[kind]]
    assert disturbed == sorted(disturbed)


@pytest.mark.parametrize("kind", ["gaussian_noise", "noisy_pixels", "motion_blur", "occluder"])
def test_two_faces_are_perturbed_differently(kind, crops):
    same = crops[:1].expand(2, -1, -1, -1)
    first, second = LEVELS[kind][-1].apply(same, SEEDS[:2])
    assert not torch.allclose(first, second)


def test_the_seed_of_a_name_never_changes():
    """Recorded evaluations were measured with it."""
    assert [image_seed(name) for name in NAMES[:2]] == [2904125369912386013, 9061922592151584131]


def test_noise_has_its_standard_deviation_where_it_is_not_clipped():
    grey = torch.full((2, 3, 128, 128), 0.5)
    noise = GaussianNoise(sigma=0.1).apply(grey, SEEDS[:2]) - 0.5
    assert noise.std().item() == pytest.approx(0.1, rel=0.02)
    assert noise.mean().item() == pytest.approx(0.0, abs=0.002)


def test_a_stronger_noise_is_the_same_noise():
    grey = torch.full((1, 3, 32, 32), 0.5)
    weak, strong = (GaussianNoise(sigma=sigma).apply(grey, SEEDS[:1]) - 0.5 for sigma in (0.01, 0.02))
    torch.testing.assert_close(strong, 2 * weak, rtol=1e-3, atol=1e-6)


def test_the_share_of_noisy_pixels_is_as_asked_and_the_others_are_untouched():
    black = torch.zeros((2, 3, 128, 128))
    found = NoisyPixels(share=0.3).apply(black, SEEDS[:2])
    changed = (found > 0).any(dim=1)
    assert changed.float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert found[:, 0][changed].mean().item() == pytest.approx(0.5, abs=0.02)  # colours from the whole range


@pytest.mark.parametrize("perturbation", [MotionBlur(length_px=9), GaussianBlur(sigma_px=2)])
def test_a_blur_keeps_what_is_uniform_up_to_the_edges(perturbation):
    grey = torch.full((1, 3, 20, 20), 0.6)
    torch.testing.assert_close(perturbation.apply(grey, SEEDS[:1]), grey)


def bright_point(size: int = 65) -> Tensor:
    image = torch.zeros((1, 3, size, size))
    image[..., size // 2, size // 2] = 1
    return image


@pytest.mark.parametrize("length", [5, 15, 31])
def test_a_point_becomes_a_line_of_the_length_of_the_motion(length):
    for name in NAMES:
        line = MotionBlur(length_px=length).apply(bright_point(), seeds_of(name))[0, 0].double()
        y, x = torch.nonzero(line > 1e-9, as_tuple=True)
        weights = line[y, x]
        assert weights.sum().item() == pytest.approx(1.0, abs=1e-5)
        offsets = torch.stack([x, y], dim=1).double() - 32
        covariance = (offsets * weights[:, None]).T @ offsets
        across, along = torch.linalg.eigvalsh(covariance)
        # The variance of places along a line of n px is (n² − 1)/12, whatever its direction.
        assert along.item() == pytest.approx((length**2 - 1) / 12, rel=0.1, abs=0.4)
        assert across.item() < 0.3


def test_motions_go_in_all_directions():
    names = [f"{number}.jpg" for number in range(64)]
    lines = MotionBlur(length_px=31).apply(bright_point().expand(64, -1, -1, -1), seeds_of(*names))[:, 0]
    angles = []
    for line in lines:
        places = torch.nonzero(line > 0.5 * line.max()).double() - 32
        _, axes = torch.linalg.eigh(places.T @ places)
        angles.append(math.degrees(math.atan2(axes[0, 1].item(), axes[1, 1].item())) % 180)
    counts = torch.histc(torch.tensor(angles), bins=4, min=0, max=180)
    assert counts.min() >= 6


def test_a_gaussian_blur_has_its_standard_deviation():
    spread = GaussianBlur(sigma_px=2).apply(bright_point(), SEEDS[:1])[0, 0].double()
    places = torch.arange(65).double() - 32
    assert (spread.sum(0) * places**2).sum().item() == pytest.approx(4.0, rel=0.01)
    assert (spread.sum(1) * places**2).sum().item() == pytest.approx(4.0, rel=0.01)


def test_down_sampling_removes_what_is_finer_than_its_pixels():
    stripes = (torch.arange(64) % 2).float().expand(1, 3, 64, 64)
    found = Downsampling(factor=4).apply(stripes, SEEDS[:1])
    assert found[..., 8:-8].std() < 0.02
    assert found.mean().item() == pytest.approx(0.5, abs=0.02)


def test_down_sampling_by_1_changes_nothing(crops):
    torch.testing.assert_close(Downsampling(factor=1).apply(crops, SEEDS), crops, rtol=0, atol=1e-5)


def test_the_best_jpeg_is_nearly_the_crop_in_its_own_colours():
    red = torch.tensor([0.8, 0.2, 0.1])[None, :, None, None].expand(1, 3, 32, 32)
    assert (Jpeg(quality=100).apply(red, SEEDS[:1]) - red).abs().max() < 0.02


@pytest.mark.parametrize("area", [0.1, 0.3, 0.9, 1.0])
def test_an_occluder_is_one_rectangle_of_one_colour_and_its_area(area):
    crop = torch.full((3, 3, 100, 100), -1.0)  # a colour that no occluder has
    for one in Occluder(area=area).apply(crop, SEEDS):
        covered = one[0] >= 0
        rows, columns = covered.any(dim=1).nonzero(), covered.any(dim=0).nonzero()
        height, width = int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1
        assert covered.sum() == height * width
        assert height * width / 10_000 == pytest.approx(area, abs=0.01)
        assert 0.49 <= width / height <= 2.04
        assert len(one[:, covered].unique(dim=1).T) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: GaussianNoise(sigma=0.0),
        lambda: NoisyPixels(share=1.2),
        lambda: MotionBlur(length_px=0.5),
        lambda: Jpeg(quality=0),
        lambda: Occluder(area=-0.1),
    ],
)
def test_an_impossible_level_is_a_mistake(wrong):
    with pytest.raises(ConfigError):
        wrong()


def test_a_robustness_study_asks_for_every_level_once():
    evaluations = robustness_evaluations()
    assert len(evaluations) == len(set(evaluations)) == 22
    assert {one.split for one in evaluations} == {"test"}
    assert len({one.perturbed_by for one in evaluations}) == 22


def test_some_kinds_and_another_split_can_be_asked_for():
    found = robustness_evaluations("jpeg", "occluder", split="val")
    assert [one.perturbed_by for one in found] == [
        "JPEG quality 50", "JPEG quality 20", "JPEG quality 10", "occluder 10 %", "occluder 20 %", "occluder 30 %",
    ]  # fmt: skip
    assert {one.split for one in found} == {"val"}


def test_an_unknown_kind_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"No perturbation 'occluders'.*Did you mean 'occluder'\?"):
        robustness_evaluations("occluders")


def test_nothing_is_done_to_crops_unless_asked():
    assert (Evaluation().perturbation, Evaluation().perturbed_by) == (None, "")


def test_a_trials_process_starts_without_the_libraries_that_only_some_transforms_need():
    code = "import sys, trainables.trial; print([name for name in ('kornia', 'scipy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

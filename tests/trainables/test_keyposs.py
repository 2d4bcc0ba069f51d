"""Paper 002's networks have the sizes of its Table 6, at every resolution, and can learn faces by heart."""

import pytest
import torch

from tests.trainables.learning_by_heart import error_after_learning_by_heart
from trainables.codecs.gaussian import Gaussian
from trainables.codecs.multilateration import Multilateration
from trainables.complexity import multiply_accumulates, parameter_count
from trainables.config import ConfigError
from trainables.methods.keyposs import KeyPosS, released_parameters
from trainables.mmcv_flops import mmcv_flops
from trainables.recipe import Adam, Cosine, Multistep
from trainables.schemes import SCHEMES
from trainables.transforms.augmentation import AUGMENTATIONS

# Heatmap side at 256×256: parameters that run, as released, G multiply–accumulates (98 and 68 landmarks), G of mmcv.
TABLE_6 = {
    64: (9_662_528, 9_736_256, 4.693650, 4.660473, 4.752315),
    32: (9_662_528, 9_736_256, 1.173413, 1.165118, 1.188079),
    16: (9_662_528, 9_736_256, 0.298662, 0.296588, 0.302918),
    8: (2_825_716, 9_664_688, 0.065072, 0.064830, 0.066556),
    4: (656_124, 9_644_456, 0.025885, 0.025859, 0.026836),
}


@pytest.mark.parametrize("side", TABLE_6)
def test_every_resolution_costs_what_the_papers_table_6_says(side):
    parameters, released, giga_98, giga_68, giga_mmcv = TABLE_6[side]
    method = KeyPosS(stride=256 // side)
    model = method.build(SCHEMES["98"]).eval()
    assert parameter_count(model) == parameters
    assert released_parameters(98, method.stride) == released
    assert multiply_accumulates(model, 256) / 1e9 == pytest.approx(giga_98, abs=1e-6)
    assert mmcv_flops(model, 256) / 1e9 == pytest.approx(giga_mmcv, abs=1e-6)
    assert multiply_accumulates(method.build(SCHEMES["68"]), 256) / 1e9 == pytest.approx(giga_68, abs=1e-6)
    with torch.no_grad():
        assert model(torch.rand(1, 3, 256, 256)).shape == (1, 98, side, side)


def test_the_table_prints_what_the_release_allocates_and_mmcv_counts():
    assert [f"{released / 1e6:.2f}" for _, released, *_ in TABLE_6.values()] == ["9.74", "9.74", "9.74", "9.66", "9.64"]
    assert [round(row[-1], 2) for row in TABLE_6.values()] == [4.75, 1.19, 0.30, 0.07, 0.03]


@pytest.mark.parametrize("stride", [4, 8, 16, 32, 64])
def test_the_truth_encoded_at_any_resolution_is_decoded_in_px_of_the_crop(stride):
    method = KeyPosS(stride=stride, width=8, modules=(1, 1, 1))
    model = method.build(SCHEMES["29"])
    landmarks = 40 + 176 * torch.rand(3, 29, 2, generator=torch.Generator().manual_seed(0))
    maps, _ = method.encoder.encode(
        landmarks / stride, torch.ones(3, 29, dtype=torch.bool), 256 // stride, 256 // stride
    )
    assert (model.decode(maps) - landmarks).abs().max() < 0.05


def test_an_input_that_no_whole_number_of_cells_covers_is_a_mistake():
    with pytest.raises(ConfigError, match="multiple of stride 64"):
        KeyPosS(input_size=96, stride=64)


def test_a_stride_that_the_paper_has_not_is_a_mistake():
    with pytest.raises(ConfigError, match="stride"):
        KeyPosS(stride=12)  # type: ignore[arg-type]


def test_defaults_are_the_papers():
    method = KeyPosS()
    assert (method.input_size, method.stride, method.width, method.modules) == (256, 4, 18, (1, 4, 3))
    assert method.encoder == Gaussian(sigma=2.0, biased=False)
    assert method.decoder == Multilateration(kernel=2, sigma=2.0, reference="last", clamp=False)
    assert method.loss == "mse"


def test_recipes_are_those_of_paper_and_code():
    recipes = KeyPosS.recipes()
    official, paper = recipes["official"], recipes["paper"]
    assert (official.epochs, official.batch_size, official.optimizer) == (100, 256, Adam(lr=2e-3))
    assert official.schedule == Multistep(milestones=(40, 55), factor=0.1, min_lr=1e-5)
    assert official.augmentation == AUGMENTATIONS["keyposs"]
    assert (paper.epochs, paper.batch_size, paper.optimizer) == (100, 64, Adam(lr=5e-4))
    assert recipes["official_cofw"].schedule == Cosine(min_lr=1e-5)
    assert recipes["official_coco"].augmentation == AUGMENTATIONS["keyposs_coco"]


def test_the_huber_loss_can_be_chosen():
    model = KeyPosS(width=8, modules=(1, 1, 1), input_size=64, loss="huber").build(SCHEMES["19"])
    assert model.criterion.name == "huber"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "bound"),
    [
        pytest.param(
            KeyPosS(width=8, modules=(1, 1, 1), input_size=128, decoder=Multilateration(kernel=4, reference="mean")),
            0.01,
            marks=pytest.mark.long,
        ),
        (KeyPosS(stride=64), 0.06),
    ],
    ids=["stride 4", "4x4 heatmaps"],
)
def test_the_network_overfits_8_rendered_faces(prepared, rendered, method, bound):
    faces, error = error_after_learning_by_heart(method, prepared(rendered, method.input_size), steps=300, lr=4e-3)
    assert faces == 8
    assert error < bound

"""What a network costs, where it can be worked out by hand."""

import pytest
import torch
from torch import Tensor, nn

from trainables.complexity import complexity, frames_per_second, operations_of_training, weights_mb
from trainables.methods.dhln import Dhln
from trainables.methods.fptn import Fptn
from trainables.methods.shn import Shn
from trainables.pose_transfer import PoseTransfer
from trainables.schemes import SCHEMES


class Counting(nn.Module):
    """Remembers the shapes that it saw, and in which mode."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[tuple[int, ...], bool]] = []

    def forward(self, images: Tensor) -> Tensor:
        self.seen.append((tuple(images.shape), self.training))
        return images


class LooksIntoItself(nn.Conv2d):
    """3 → 4 channels by 3×3, no bias: 108 parameters, each used at 64 places of a picture of 8×8."""

    def __init__(self) -> None:
        super().__init__(3, 4, 3, padding=1, bias=False)
        self.least = self.weight.detach().min().item()


def test_operations_are_counted_whether_a_network_must_be_built_for_it_or_not():
    for build in (lambda: nn.Conv2d(3, 4, 3, padding=1, bias=False), LooksIntoItself):
        assert complexity(build, 8) == (108, 108 * 64)


def test_training_counts_both_views_every_network_and_every_pass():
    """Of DHLN at 128 px both views cost what the plain network costs; the generator runs both ways, each discriminator
    three times a way, twice of them with a gradient for its own weights."""
    plain = complexity(lambda: Dhln().build(SCHEMES["68"]), 128)[1]
    assert operations_of_training(Shn(input_size=64), SCHEMES["68"]) == pytest.approx(
        complexity(lambda: Shn(input_size=64).build(SCHEMES["68"]), 64)[1], rel=0.01
    )
    alone = operations_of_training(Fptn(), SCHEMES["68"])
    joint = operations_of_training(Dhln(transfer=PoseTransfer()), SCHEMES["68"])
    assert alone == pytest.approx(157.8e9, rel=0.01)
    assert joint == pytest.approx(2 * plain + alone, rel=0.05)


def test_the_weights_of_a_network_are_its_parameters_and_its_buffers():
    model = nn.BatchNorm1d(2**18)  # weight, bias, mean and variance of 1 MiB each, and one counter of 8 bytes
    assert weights_mb(model) == pytest.approx(4 + 8 / 2**20)


@pytest.mark.parametrize("batch", [1, 64])
def test_images_a_second_are_timed_after_a_warm_up_as_in_a_measurement(batch):
    model = Counting().train()
    found = frames_per_second(model, 16, batch, torch.device("cpu"), warm_up=2, passes=5)
    assert model.seen == [((batch, 3, 16, 16), False)] * 7
    assert found > 0
    assert model.training

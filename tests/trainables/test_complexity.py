"""What a network costs, where it can be worked out by hand."""

import pytest
import torch
from torch import Tensor, nn

from trainables.complexity import frames_per_second, weights_mb


class Counting(nn.Module):
    """Remembers the shapes that it saw, and in which mode."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[tuple[int, ...], bool]] = []

    def forward(self, images: Tensor) -> Tensor:
        self.seen.append((tuple(images.shape), self.training))
        return images


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

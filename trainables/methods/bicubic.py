"""Bicubic enlargement: what a picture of few pixels shows without anything learned, the floor of face hallucination."""

from typing import Any, ClassVar

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import l1_loss

from trainables.config import config
from trainables.method import Batch, LandmarkModel, Method
from trainables.recipe import PICTURES, PositiveInt, Recipe
from trainables.schemes import Scheme
from trainables.transforms.degrade import degraded


@config
class Bicubic(Method):
    """`low`: side to which the face of `input_size` is shrunk before it is enlarged again, see `dhln`."""

    kind: ClassVar[str] = "bicubic"
    input_size: PositiveInt = 128
    low: PositiveInt = 16

    def build(self, scheme: Scheme) -> "BicubicModel":
        return BicubicModel(self)

    @property
    def finds_landmarks(self) -> bool:
        return False

    @property
    def makes_pictures(self) -> bool:
        return True

    @classmethod
    def recipes(cls) -> dict[str, Recipe]:
        """One epoch, in which nothing is learned."""
        return {"paper": Recipe(epochs=1, monitor=PICTURES)}


class BicubicModel(LandmarkModel):
    """It has no parameters."""

    def __init__(self, method: Bicubic) -> None:
        super().__init__()
        self.method = method

    def forward(self, images: Tensor) -> Tensor:
        return degraded(images, self.method.low, self.method.input_size)

    def losses(self, output: Tensor, batch: Batch) -> dict[str, Tensor]:
        """For the record."""
        return {"picture": l1_loss(output, batch.images)}

    @property
    def finds_landmarks(self) -> bool:
        return False

    def decode(self, output: Any) -> None:
        return None

    def restored(self, output: Tensor) -> Float[Tensor, "batch 3 height width"]:
        return output


METHOD = Bicubic()

"""Trial and Evaluation: all that can change a trained network, and all that can change a measured error."""

from dataclasses import field
from typing import Annotated, Literal, Optional

from pydantic import Field

from trainables.config import config
from trainables.dataset import Dataset
from trainables.method import Method
from trainables.recipe import Recipe

Split = Literal["train", "val", "test"]


@config
class Trial:
    """One training: method, data, recipe, seed, and the trial whose weights it starts from (a stage of a chain).

    `shares`: how many workers share each global batch. It can change a result, because batch normalisation sees one
    worker's share at a time.
    """

    method: Method
    data: Dataset
    recipe: Recipe = Recipe()
    seed: Annotated[int, Field(ge=0)] = 0
    starts_from: Optional["Trial"] = None
    shares: Annotated[int, Field(ge=1)] = field(default=1, metadata={"neutral": 1})


@config
class Evaluation:
    """One measurement of a trial's network. `data` is another data set than the trial's own, where it is given."""

    split: Split = "test"
    data: Dataset | None = None

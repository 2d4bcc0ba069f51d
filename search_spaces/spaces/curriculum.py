"""In what order faces are shown, and whether the last epochs' weights are averaged.

Source: kozlowska2026hrmlff (its Implementation Details; it prints no values).
"""

from search_spaces.domains import Choice, Integer, Space, Uniform
from search_spaces.variants import Variant
from trainables.recipe import Averaging
from trainables.transforms.curriculum import Curriculum


def space(of: Variant) -> Space:
    """For every trained method. Lengths are shares of the variant's own epochs."""
    epochs = of.recipe.epochs
    curriculum = of.recipe.curriculum or Curriculum(epochs=max(1, round(0.3 * epochs)))
    averaging = of.recipe.averaging or Averaging(from_epoch=max(1, round(0.8 * epochs)))
    with_one = ("recipe.curriculum", "on")
    return Space(
        domains={
            "recipe.curriculum": Choice(
                options={"on": curriculum, "off": None}, why="Off, all faces are drawn alike from the first epoch."
            ),
            "recipe.curriculum.start": Uniform(
                low=0.3,
                high=1.0,
                given=with_one,
                why="With less than a third of the faces only the easiest tertile is open, and batches cannot be "
                "balanced; at 1 all are open from the start.",
            ),
            "recipe.curriculum.epochs": Integer(
                low=1,
                high=max(2, epochs // 2),
                given=with_one,
                why="After half of the training all faces are open: what follows decides what the network ends as.",
            ),
            "recipe.curriculum.pacing": Choice(
                options={name: name for name in ("linear", "root", "step")},
                given=with_one,
                why="Linear and root pacing differ in the middle of the way, a step has no middle.",
            ),
            "recipe.curriculum.balanced": Choice(
                options={"on": True, "off": False},
                given=with_one,
                why="Balanced batches repeat the few hard faces that are open; drawn alike they are rare at first.",
            ),
            "recipe.averaging": Choice(
                options={"on": averaging, "off": None},
                why="A curriculum ends early, averaging begins late: whether one makes up for the other is not known.",
            ),
        }
    )

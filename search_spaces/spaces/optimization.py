"""How fast weights move, and what holds them back. For every method that is trained by Adam."""

from search_spaces.domains import Choice, LogUniform, Space
from search_spaces.variants import Variant
from trainables.recipe import Constant, Cosine, Plateau


def space(of: Variant) -> Space:
    """For variants whose optimiser has a learning rate and a weight decay, as Adam has."""
    batch, decay = of.recipe.batch_size, getattr(of.recipe.optimizer, "weight_decay", 0.0)
    own = of.recipe.schedule
    schedules = {type(each).__name__.lower(): each for each in (Constant(), Plateau(), Cosine(), own)}
    return Space(
        domains={
            "recipe.optimizer.lr": LogUniform(
                low=1e-5,
                high=1e-1,
                why="Adam's step is about this long whatever the gradient: below 1e-5 weights of 0.01 to 0.1 hardly "
                "move in an epoch, above 0.1 they are lost in one step.",
            ),
            "recipe.optimizer.weight_decay": Choice(
                options={f"{decay:g}": decay for decay in sorted({0.0, 1e-5, 1e-4, 1e-3, decay})},
                why="Added to the gradient, so it acts by its ratio to it: 1e-5 by nearly nothing, 1e-3 as much as the "
                "loss where the error is small.",
            ),
            "recipe.schedule": Choice(
                options=schedules,
                why="A rate that is right for the first epochs is too large for the last ones; papers differ in how it "
                "falls.",
            ),
            "recipe.batch_size": Choice(
                options={
                    str(size): size for size in sorted({max(2, batch // 4), max(2, batch // 2), batch, 2 * batch})
                },
                why="Half as many faces a step are twice as many steps, and noisier batch statistics.",
            ),
        }
    )

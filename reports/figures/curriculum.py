"""What a curriculum shows: the shares of easy, medium and hard images in each epoch of paper 000's training.

Source: kozlowska2026hrmlff (its Implementation Details).
"""

from reports.drawing import Curves, Figure, Line
from reports.query import Results

STUDIES = ()  # none in particular: built once for each study of the ledger

SHARES = {f"train_share_{name}": name for name in ("easy", "medium", "hard")}  # as training records them


def build(results: Results, study: str) -> Figure | None:
    """None where no variant has a curriculum. Of several the first is drawn."""
    known = results.study(study)
    if known is None:
        return None
    histories = ((variant, known.history(variant, tuple(SHARES))) for variant in known.leading)
    found = next(((variant, history) for variant, history in histories if len(history)), None)
    if found is None:
        return None
    variant, history = found
    by_epoch = history.pivot_table(index="epoch", columns="metric", values="value", aggfunc="mean")
    lines = tuple(
        Line(
            label=name,
            series=place,
            x=tuple(float(epoch) for epoch in by_epoch.index),
            y=tuple(float(share) for share in by_epoch[metric]),
            trials=tuple(dict.fromkeys(history["trial"])),
        )
        for place, (metric, name) in enumerate(SHARES.items())
        if metric in by_epoch
    )
    return Figure(
        name=f"{study}_curriculum",
        title="Curriculum",
        caption=f"Shares of easy, medium and hard training images, a third of the set each, among those that "
        f"{variant.label} was shown in each epoch: mean over the seeds that reached it.",
        draw="curves",
        data=Curves(x_label="epoch", y_label="share of images shown", lines=lines, y_limits=(0.0, 1.0)),
        trials=lines[0].trials,
    )

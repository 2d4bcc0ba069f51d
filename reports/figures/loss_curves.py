"""Training and validation error over the epochs, one colour per variant: paper 001's Fig. 2.

Source: sharif2025resnet18 Fig. 2.
"""

import pandas as pd

from reports import leading
from reports.drawing import Curves, Figure, Line
from reports.query import Results, StudyResults, Variant

STUDIES = ()  # none in particular: built once for each study of the ledger

TRAINING = ("train_mse", "train_loss")  # the first one that a trial has recorded
VALIDATION = "val_mse"


def build(results: Results, study: str) -> Figure | None:
    """None before two epochs are recorded."""
    known = results.study(study)
    if known is None:
        return None
    lines, training = [], set()
    for variant in known.leading:
        history = known.history(variant, (*TRAINING, VALIDATION)).groupby("metric")
        # A method of one epoch, like the mean face, has no curve, and its loss another scale.
        recorded = {str(metric): rows for metric, rows in history if len(set(rows["epoch"])) > 1}
        train = next((name for name in TRAINING if name in recorded), None)
        if train:
            training.add(train)
            lines.append(_line(known, variant, recorded[train], dashed=True))
        if VALIDATION in recorded:
            lines.append(_line(known, variant, recorded[VALIDATION], dashed=False))
    if not lines:
        return None
    return Figure(
        name=f"{study}_loss_curves",
        title="Convergence",
        caption="Mean over the seeds that reached the epoch; the band spans their minimum and maximum."
        + leading.words(known),
        draw="curves",
        data=Curves(
            x_label="epoch",
            y_label="MSE (squared crop sides)" if training <= {"train_mse"} else "training loss, validation MSE",
            lines=tuple(lines),
            y_log=all(min(line.low) > 0 for line in lines),
            key=(("validation", False), ("training", True)),
        ),
        trials=tuple(dict.fromkeys(trial for line in lines for trial in line.trials)),
    )


def _line(study: StudyResults, variant: Variant, history: pd.DataFrame, dashed: bool) -> Line:
    by_seed = history.pivot(index="epoch", columns="trial", values="value").dropna(how="all").sort_index()
    return Line(
        label=variant.label,
        series=study.series(variant),
        x=tuple(float(epoch) for epoch in by_seed.index),
        y=tuple(by_seed.mean(axis=1)),
        low=tuple(by_seed.min(axis=1)),
        high=tuple(by_seed.max(axis=1)),
        dashed=dashed,
        trials=tuple(by_seed.columns),
    )

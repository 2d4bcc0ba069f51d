"""Cumulative error distribution of NME io on the test set, one curve per variant, with AUC and FR in the legend.

Source: sagonas2013ibug300w.
"""

import numpy as np

from reports import labels, leading
from reports.drawing import Curves, Figure, Line
from reports.errors_by_image import errors_by_seed
from reports.query import Results, StudyResults, Variant
from trainables import metrics

STUDIES = ()  # none in particular: built once for each study of the ledger

THRESHOLD = 0.08  # of AUC and FR, as in 300W's protocol
LIMIT = 0.10  # right end of the axis, unless the errors need more
NUM_LEVELS = 201


def build(results: Results, study: str) -> Figure | None:
    """None before the first trial has its test images."""
    known = results.study(study)
    if known is None:
        return None
    split = known.main_split
    errors = {variant.label: (variant, errors_by_seed(known, variant, split)) for variant in known.leading}
    errors = {label: (variant, seeds) for label, (variant, seeds) in errors.items() if seeds}
    if not errors:
        return None
    limit = _limit([seed for _, seeds in errors.values() for seed in seeds.values()])
    lines = [_line(known, variant, seeds, limit) for variant, seeds in errors.values()]
    images = {len(seed) for _, seeds in errors.values() for seed in seeds.values()}
    return Figure(
        name=f"{study}_ced",
        title="Cumulative error distribution",
        caption=f"Share of the {'–'.join(map(str, sorted({min(images), max(images)})))} "
        f"{labels.split_name(split).lower()} images with an NME (inter-ocular) of at most x: mean over seeds; "
        "the band spans their minimum and maximum." + leading.words(known),
        draw="curves",
        data=Curves(
            x_label="NME inter-ocular (%)",
            y_label="share of images",
            lines=tuple(lines),
            x_limits=(0.0, limit * 100),
            y_limits=(0.0, 1.0),
            threshold=THRESHOLD * 100,
        ),
        trials=tuple(trial for line in lines for trial in line.trials),
    )


def _limit(seeds: list[np.ndarray]) -> float:
    """10 %, or in steps of 5 % what shows 95 % of the worst trial's images; beyond 50 %, of the best trial's."""
    reach = [float(np.quantile(seed[np.isfinite(seed)], 0.95)) for seed in seeds if np.isfinite(seed).any()]
    wanted = min(max(reach), max(0.50, min(reach))) if reach else LIMIT
    return max(LIMIT, float(np.ceil(wanted / 0.05) * 0.05))


def _line(study: StudyResults, variant: Variant, seeds: dict[str, np.ndarray], limit: float) -> Line:
    levels = np.linspace(0.0, limit, NUM_LEVELS)
    shares = np.stack([metrics.ced(seed, levels) for seed in seeds.values()])
    area = np.mean([metrics.auc(seed, THRESHOLD) for seed in seeds.values()])
    failures = np.mean([metrics.failure_rate(seed, THRESHOLD) for seed in seeds.values()])
    auc, fr = (labels.column(name, "test") for name in ("auc_io_8", "fr_io_8"))
    return Line(
        label=f"{variant.label}: {labels.column_title(auc)} {labels.number(float(area), auc)}, "
        f"{labels.column_title(fr)} {labels.number(float(failures), fr)} %",
        series=study.series(variant),
        x=tuple(levels * 100),
        y=tuple(shares.mean(axis=0)),
        low=tuple(shares.min(axis=0)),
        high=tuple(shares.max(axis=0)),
        trials=tuple(seeds),
    )

"""How the errors of single test faces are spread, one line per network: paper 000's Fig. 6(a).

Source: kozlowska2026hrmlff Fig. 6(a).
"""

import numpy as np

from reports import hrmlff, labels, leading
from reports.drawing import Curves, Figure, Line
from reports.errors_by_image import errors_by_seed
from reports.query import Results, StudyResults, Variant

STUDIES = ()  # none in particular: built once for each study of the ledger

BIN, LIMIT = 0.0025, 0.10
EDGES = np.linspace(0.0, LIMIT, round(LIMIT / BIN) + 1)
FEW, MANY = 0.02, 0.04  # the paper speaks of errors below 2 % and above 4 %
NME = labels.column("nme_io", "test")


def build(results: Results, study: str) -> Figure | None:
    """None before the first trial has its test images, and for hundreds of variants, whose cumulative distributions
    say the same."""
    known = results.study(study)
    if known is None or not leading.are_all(known):
        return None
    split = known.main_split
    errors = [(variant, errors_by_seed(known, variant, split)) for variant in hrmlff.leading_networks_of(known)]
    lines = tuple(_line(known, variant, seeds) for variant, seeds in errors if seeds)
    if not lines:
        return None
    return Figure(
        name=f"{study}_error_histogram",
        title="Histogram of errors",
        caption=f"Share of the {labels.split_name(split).lower()} images in bins of NME (inter-ocular) of "
        f"{labels.number(BIN, NME)} %: mean over seeds. The legend says how many images have an NME up to "
        f"{FEW:.0%}, above {MANY:.0%}, and beyond the axis.",
        draw="curves",
        data=Curves(
            x_label="NME inter-ocular (%)",
            y_label="share of images",
            lines=lines,
            x_limits=(0.0, LIMIT * 100),
            y_limits=(0.0, 1.08 * max(max(line.y) for line in lines) or 1.0),
        ),
        trials=tuple(trial for line in lines for trial in line.trials),
    )


def _line(study: StudyResults, variant: Variant, seeds: dict[str, np.ndarray]) -> Line:
    """The outline of the bars: each bin's height from its left to its right edge."""
    shares = np.mean([np.histogram(seed, EDGES)[0] / len(seed) for seed in seeds.values()], axis=0)
    few, many, beyond = (
        np.mean([np.mean(seed <= level if level == FEW else seed > level) for seed in seeds.values()])
        for level in (FEW, MANY, LIMIT)
    )
    words = f"{few:.1%} up to {FEW:.0%}, {many:.1%} above {MANY:.0%}, {beyond:.1%} above {LIMIT:.0%}"
    return Line(
        label=f"{variant.label}: {words}",
        series=study.series(variant),
        x=tuple(float(edge) * 100 for edge in np.repeat(EDGES, 2)[1:-1]),
        y=tuple(float(share) for share in np.repeat(shares, 2)),
        trials=tuple(seeds),
    )

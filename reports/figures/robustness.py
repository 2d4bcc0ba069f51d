"""Error against the level of each perturbation of the test faces, one line per network: paper 000's Fig. 6(c).

Source: kozlowska2026hrmlff Fig. 6(c).
"""

import re
from itertools import groupby

from reports import aggregate, hrmlff, labels, leading
from reports.drawing import Figure, Line, Panel, Panels
from reports.perturbations import Perturbed, perturbations
from reports.query import Results, StudyResults, Variant

STUDIES = ()  # none in particular: built once for each study of the ledger

METRIC = "nme_io"
SPLIT = "test"
CLEAN = "none"
LEVEL = re.compile(r"(\D*)([\d.]+)(.*)")
WIDE = 5.0  # errors that differ by more than this factor stand on a logarithmic axis


def build(results: Results, study: str) -> Figure | None:
    """None where no network has been measured on perturbed faces."""
    known = results.study(study)
    if known is None:
        return None
    kinds = [list(levels) for _, levels in groupby(perturbations(known, SPLIT), key=lambda one: one.kind)]
    panels = tuple(panel for levels in kinds if (panel := _panel(known, levels)) is not None)
    if not panels:
        return None
    lines = [line for panel in panels for line in panel.lines]
    values = [value for line in lines for value in line.low]
    column = labels.column(METRIC, SPLIT)
    return Figure(
        name=f"{study}_robustness",
        title="Robustness",
        caption=f"{labels.metric_title(column)} of perturbed test faces by the level of what was done to them, from "
        "nothing to most: mean over seeds; the band is the sample standard deviation on either side. Lengths are px of "
        "the network's input, σ of noise is a share of the full range." + leading.words(known),
        draw="panels",
        data=Panels(
            y_label=f"{labels.metric_title(column)} ({labels.metric(METRIC).printed_unit})",
            panels=panels,
            y_log=min(values) > 0 and max(max(line.high) for line in lines) > WIDE * min(values),
        ),
        trials=tuple(dict.fromkeys(trial for line in lines for trial in line.trials)),
    )


def _panel(study: StudyResults, levels: list[Perturbed]) -> Panel | None:
    """None where nothing is measured at any of the levels."""
    found = (_line(study, variant, levels) for variant in hrmlff.leading_networks_of(study))
    lines = tuple(line for line in found if line is not None)
    if not lines:
        return None
    sign, unit = (_common(levels, part) for part in (1, 3))
    steps = tuple(one.level.removeprefix(sign).removesuffix(unit) for one in levels)
    words = f"{sign}{unit}".strip().replace("  ", " ")
    title = levels[0].kind + (f" ({words})" if words else "")
    return Panel(title=title, steps=(CLEAN, *steps), lines=lines)


def _common(levels: list[Perturbed], part: int) -> str:
    """What stands before (1) or after (3) the number of every level, such as " px"; empty where they do not agree."""
    found = [LEVEL.match(one.level) for one in levels]
    parts = {"" if one is None else one.group(part) for one in found}
    return parts.pop() if len(parts) == 1 else ""


def _line(study: StudyResults, variant: Variant, levels: list[Perturbed]) -> Line | None:
    found: dict[int, aggregate.Summary] = {}
    for step, words in enumerate(("", *(one.words for one in levels))):
        if values := study.values(variant, SPLIT, METRIC, perturbation=words):
            found[step] = aggregate.mean_over_seeds(values).scaled(labels.metric(METRIC).scale)
    if not any(found):  # nothing, or clean faces only
        return None
    means = [one.mean for one in found.values()]
    spreads = [one.spread or 0.0 for one in found.values()]
    return Line(
        label=variant.label,
        series=study.series(variant),
        x=tuple(map(float, found)),
        y=tuple(means),
        low=tuple(mean - spread for mean, spread in zip(means, spreads, strict=True)),
        high=tuple(mean + spread for mean, spread in zip(means, spreads, strict=True)),
        trials=tuple(trial for one in found.values() for trial in one.trials),
    )

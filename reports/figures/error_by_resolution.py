"""Error against how many pixels a face has, one line per variant: paper 003's Fig. 1.

Source: wan2026sht Fig. 1.
"""

from reports import aggregate, labels, paper_studies
from reports.drawing import Curves, Figure, Line
from reports.hallucinations import restores_faces
from reports.perturbations import perturbations
from reports.query import Results, StudyResults, Variant

STUDIES = ()  # none in particular: built once for each study of the ledger

METRIC = "nme_io"
KIND, TIMES = "down-sampling", "×"
WIDE = 5.0  # errors that differ by more than this factor stand on a logarithmic axis


def build(results: Results, study: str) -> Figure | None:
    """None where nothing that restores faces was measured, or no variant on shrunk faces."""
    known = results.study(study)
    if known is None or not restores_faces(known):
        return None
    lines = tuple(line for variant in known.variants if (line := _line(known, variant)) is not None)
    if not lines:
        return None
    values = [value for line in lines for value in (*line.low, *line.high)]
    column = labels.column(METRIC, paper_studies.SPLIT)
    return Figure(
        name=f"{study}_error_by_resolution",
        title="Error by resolution",
        caption=f"Test {labels.metric_title(column)} by the side of the face, shrunk and enlarged again before a "
        "variant sees it, and as it is: mean over seeds; the band is the sample standard deviation on either side. "
        "A variant shrinks what it is given to its own low resolution besides. The paper prints one number, "
        "23.19 % for one face of 16×16 px.",
        draw="curves",
        data=Curves(
            x_label="side of the face (px)",
            y_label=f"{labels.metric_title(column)} ({labels.metric(METRIC).printed_unit})",
            lines=lines,
            y_log=min(values) > 0 and max(values) > WIDE * min(values),
            x_doubling=True,
        ),
        trials=tuple(dict.fromkeys(trial for line in lines for trial in line.trials)),
    )


def _line(study: StudyResults, variant: Variant) -> Line | None:
    """None where fewer than two sides have been measured."""
    points = {
        side: values for side, words in _sides(study, variant).items() if (values := _values(study, variant, words))
    }
    if len(points) < 2:
        return None
    found = [aggregate.mean_over_seeds(values).scaled(labels.metric(METRIC).scale) for values in points.values()]
    spreads = [one.spread or 0.0 for one in found]
    return Line(
        label=variant.label,
        series=study.series(variant),
        x=tuple(points),
        y=tuple(one.mean for one in found),
        low=tuple(one.mean - spread for one, spread in zip(found, spreads, strict=True)),
        high=tuple(one.mean + spread for one, spread in zip(found, spreads, strict=True)),
        trials=tuple(dict.fromkeys(trial for one in found for trial in one.trials)),
    )


def _values(study: StudyResults, variant: Variant, words: str) -> tuple[aggregate.Measurement, ...]:
    return study.values(variant, paper_studies.SPLIT, METRIC, perturbation=words)


def _sides(study: StudyResults, variant: Variant) -> dict[float, str]:
    """Side of the shrunk face in px → the words of what was done to it, the smallest first."""
    full = study.declaration(variant).get("method", {}).get("input_size")
    if full is None:
        return {}
    levels = [one for one in perturbations(study, paper_studies.SPLIT) if one.kind == KIND]
    sides = {float(full): ""} | {full / float(one.level.removeprefix(TIMES)): one.words for one in levels}
    return dict(sorted(sides.items()))

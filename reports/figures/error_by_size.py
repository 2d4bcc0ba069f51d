"""Error against the size of the heatmap, one line per decoder and encoding, for the studies of paper 002.

Stands for the paper's Figs. 1–3, and draws what its Tables 1 and 5 say. Source: bao2023keyposs Tables 1 and 5.
"""

from reports import aggregate, keyposs, labels
from reports.drawing import Curves, Figure, Line
from reports.keyposs import Encoding
from reports.query import Results, StudyResults

STUDIES = ()  # none in particular: built once for each study of the ledger

# Where lines lie on each other, the paper's own decoder is seen.
DRAWN = (*(decoder for decoder in keyposs.TITLES if decoder != keyposs.KEYPOSS), keyposs.KEYPOSS)
FLOOR = 1e-3  # below an error of .1 % a logarithmic axis would show nothing but rounding


def build(results: Results, study: str) -> Figure | None:
    """None where no two sizes of heatmap have been measured."""
    known = results.study(study)
    if known is None or len(keyposs.sizes_of(known)) < 2:
        return None
    metric = next((data.metric for data in keyposs.DATA_SETS if data.study == study), "nme_io")
    encodings: tuple[Encoding | None, ...] = ("unbiased", "biased", None)
    lines = [_line(known, decoder, encoding, metric) for decoder in DRAWN for encoding in encodings]
    lines = [line for line in lines if line is not None]
    if not lines:
        return None
    has_encodings = any(known.variant(keyposs.label(size, "biased")) for size in keyposs.sizes_of(known))
    column = labels.column(metric, keyposs.SPLIT)
    return Figure(
        name=f"{study}_error_by_size",
        title="Error by size of heatmap",
        caption=f"Test {labels.metric_title(column)} by the side of the heatmap: mean over seeds; the band is the "
        "sample standard deviation on either side.",
        draw="curves",
        data=Curves(
            x_label="side of the heatmap (cells)",
            y_label=f"{labels.metric_title(column)} ({labels.metric(metric).printed_unit})",
            lines=tuple(lines),
            y_log=all(min(line.low) > FLOOR * labels.metric(metric).scale for line in lines),
            x_doubling=True,
            key=(("unbiased", False), ("biased", True)) if has_encodings else (),
        ),
        trials=tuple(dict.fromkeys(trial for line in lines for trial in line.trials)),
    )


def _line(study: StudyResults, decoder: str, encoding: Encoding | None, metric: str) -> Line | None:
    """None where fewer than two sizes have been measured."""
    points: dict[int, aggregate.Summary] = {}
    for size in reversed(keyposs.sizes_of(study)):
        variant = study.variant(keyposs.label(size, encoding))
        if variant is None:
            continue
        text = keyposs.asked_decoder(variant, decoder)
        if values := study.values(variant, keyposs.SPLIT, metric, decoder=text):
            points[size] = aggregate.mean_over_seeds(values)
    if len(points) < 2:
        return None
    scale = labels.metric(metric).scale
    spreads = [summary.spread or 0.0 for summary in points.values()]
    means = [summary.mean for summary in points.values()]
    return Line(
        label=keyposs.TITLES[decoder],
        series=list(keyposs.TITLES).index(decoder),
        x=tuple(float(size) for size in points),
        y=tuple(mean * scale for mean in means),
        low=tuple((mean - spread) * scale for mean, spread in zip(means, spreads, strict=True)),
        high=tuple((mean + spread) * scale for mean, spread in zip(means, spreads, strict=True)),
        dashed=encoding == "biased",
        trials=tuple(trial for summary in points.values() for trial in summary.trials),
    )

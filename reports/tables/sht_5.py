"""Paper 003, Table 5: what the gradient loss adds to restored faces and to the landmarks found in them.

Columns beyond the paper's: the differences, of ours paired by seed. Source: wan2026sht Table 5.
"""

from collections.abc import Sequence
from itertools import chain

from reports import aggregate, cells, labels, literature, paper_studies, sht
from reports.document import Cell, Column, Note, Row, Table
from reports.query import Results
from reports.sht import DataSet

STUDIES = tuple(data.study for data in sht.OF_SMALL_FACES)

VARIANTS = ("FHS", *sht.HALLUCINATING)
METRICS = {"psnr": "PSNR", "ssim": "SSIM", "nrmse_width": "NME_wid"}  # ours → the paper's


def _columns(metric: str) -> tuple[Column, Column, Column]:
    """Without the gradient loss, with it, and the difference."""
    heading = labels.metric(metric).title
    without, with_loss = (
        labels.column(metric, paper_studies.SPLIT, title=words, group=heading) for words in ("without", "with")
    )
    return without, with_loss, labels.column(metric, paper_studies.SPLIT, difference=True, title="Δ", group=heading)


COLUMNS = tuple(chain.from_iterable(map(_columns, METRICS)))

NOTES = (
    Note("a", f"NME_wid: {sht.WIDTH_OF_FACE}"),
    Note("b", "The paper prints FHS once and does not say by which loss it learned; ours has the gradient loss."),
    Note("c", sht.NOTHING_ON_TRAINING),
    Note("d", "Computed from the two printed numbers; the paper prints no spread."),
)


def wants(label: str, way: tuple[str, str, str]) -> bool:
    """Whether a study's measurement stands in this table: both twins on test faces as they are."""
    return label.removesuffix(sht.WITHOUT_GRADIENT_LOSS) in VARIANTS and paper_studies.is_plain(way)


def build(results: Results) -> Table:
    published = [_published(data, label) for data in sht.OF_SMALL_FACES if data.published for label in VARIANTS]
    return Table(
        name="sht_5",
        title="The gradient loss",
        caption="Paper 003, Table 5: faces restored from 16×16 px, and the landmarks found in them, by networks that "
        "learned without and with the gradient loss, published and ours. Mean ± sample standard deviation over n "
        "seeds; Δ is with minus without, of ours paired by seed.",
        columns=COLUMNS,
        rows=(*published, *(_ours(results, data, label) for data in sht.OF_SMALL_FACES for label in VARIANTS)),
        notes=NOTES,
    )


def _published(data: DataSet, label: str) -> Row:
    found = sht.printed("table5")
    shown: list[Cell] = []
    for metric, name in METRICS.items():
        columns, place = _columns(metric), (data.published, "test", name)
        numbers = [found.get(one, {}).get(place) for one in (label + sht.WITHOUT_GRADIENT_LOSS, label)]
        pair = [literature.cell(one, of) for one, of in zip(numbers, columns[:2], strict=True)]
        shown += (*pair, _minus(pair))
    marks = ("b", "c") if label == "FHS" else ("a", "c")
    return literature.row("003", f"Table 5, {data.published}", label, tuple(shown), marks)


def _minus(pair: Sequence[Cell]) -> Cell:
    """With minus without, in their own digits; empty where the paper prints only one of them."""
    without, with_loss = (cell.value for cell in pair)
    if without is None or with_loss is None:
        return Cell(text=labels.MISSING, source="literature")
    return Cell(
        value=with_loss - without,
        unit=pair[1].unit,
        protocol=pair[1].protocol,
        source="literature",
        digits=pair[1].digits,
        marks=("d",),
    )


def _ours(results: Results, data: DataSet, label: str) -> Row:
    shown: list[Cell] = []
    for metric in METRICS:
        without, with_loss, difference = _columns(metric)
        twin = label + sht.WITHOUT_GRADIENT_LOSS
        alone = label == "FHS"
        shown += (
            Cell(text=labels.MISSING) if alone else sht.cell(results, data, twin, without),
            sht.cell(results, data, label, with_loss),
            Cell(text=labels.MISSING) if alone else _difference(results, data, label, twin, difference),
        )
    return Row(label=label, group=f"Ours: {data.title}", cells=tuple(shown), study=data.study)


def _difference(results: Results, data: DataSet, label: str, twin: str, column: Column) -> Cell:
    study = results.study(data.study)
    known = {one.label: one for one in study.variants} if study is not None else {}
    if study is None or label not in known or twin not in known:
        return sht.cell(results, data, label if label not in known else twin, column)
    ours, theirs = (study.values(known[one], column.split, column.metric) for one in (label, twin))
    summary = aggregate.paired_difference(ours, theirs)
    if summary is not None:
        return cells.of_summary(summary, cells.protocol(ours[0]), column, asked=summary.n)
    return Cell(text=labels.MISSING)  # the two cells beside it say what is missing

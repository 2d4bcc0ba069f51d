"""Paper 002, Table 1: what is lost when the truth itself is encoded as heatmaps and decoded again. No network.

Source: bao2023keyposs Table 1.
"""

from dataclasses import replace

from reports import cells, keyposs, labels, literature
from reports.document import Cell, Note, Row, Table
from reports.query import Results

SCATTERED = "keyposs_1_scattered"
STUDIES = (SCATTERED, "keyposs_1_300w", "keyposs_1_ytf68", "keyposs_1_synthetic")

# The paper's rows and our decoders.
PUBLISHED = {
    "One-hot": keyposs.ONE_HOT,
    "Two-hot": keyposs.TWO_HOT,
    "Distribution-Aware": keyposs.DARK,
    "KeyPosS": keyposs.KEYPOSS,
}
DECODERS = {**PUBLISHED, "Distribution-Aware, no blur": keyposs.DARK_WITHOUT_BLUR}
COLUMNS = tuple(
    labels.column("nme_io_fraction", keyposs.SPLIT, title=keyposs.label(size), group="NME by size of heatmap")
    for size in keyposs.SIZES
)
MEASURED = labels.column("nme_io", keyposs.SPLIT)

NOTES = (
    Note(
        "a",
        "The paper does not say which landmarks it encoded. Landmarks scattered evenly over the inner 80 % of a "
        "256-px crop, with the outer eye corners 85 px apart, give its one-hot row to within 6 %.",
    ),
    Note(
        "b",
        "The paper prints Eq. 6 with a sign that leads away from the second maximum; moved along each axis towards the "
        "higher neighbour, as public code does, its numbers follow.",
    ),
    Note(
        "c",
        "The paper prints Eq. 8 as a sum of two derivatives of different units; ours is the Newton step of the "
        "method's authors. It needs two cells on every side of the peak, so it moves nothing on maps of 4×4. The paper "
        "does not say how wide its blur is: at 16×16 its number lies between those of scattered points with a blur of "
        "11 cells and with none.",
    ),
    Note(
        "d",
        "The paper prints Eq. 3 with a factor that its code does not have, and Eq. 10 with its factors the wrong way "
        "round; the height of a map does not matter to 2×2 anchors, which only compare values.",
    ),
)
MARKS = {"Two-hot": ("b",), "Distribution-Aware": ("c",), "KeyPosS": ("d",)}


def wants(label: str, way: tuple[str, str, str]) -> bool:
    """Whether a study's measurement stands in this table."""
    return keyposs.is_read_by(way, DECODERS.values())


def build(results: Results) -> Table:
    published = {name: _published(name) for name in PUBLISHED}
    rows = list(published.values())
    for study in STUDIES:
        ours = _ours(results, study)
        rows += ours
        if study == SCATTERED:
            found = {row.label: row for row in ours}
            pairs = [(found[name], row) for name, row in published.items() if name in found]
            rows += [row for pair in pairs if (row := _deviation(*pair)) is not None]
    return Table(
        name="keyposs_1",
        title="Error of encoding and decoding the truth",
        caption="Paper 002, Table 1: NME (a fraction) of landmarks that were encoded as heatmaps, unbiased with σ 2 "
        "cells, and decoded again, published and ours.",
        columns=COLUMNS,
        rows=tuple(rows),
        notes=NOTES,
    )


def _published(name: str) -> Row:
    printed = {one.subset: one for one in literature.read("002", "table1") if one.method == name}
    return literature.row(
        "002",
        "Table 1",
        name,
        tuple(
            literature.cell(printed.get(f"heatmap {size}"), column)
            for size, column in zip(keyposs.SIZES, COLUMNS, strict=True)
        ),
        marks=("a", *MARKS.get(name, ())),
    )


def _ours(results: Results, study: str) -> list[Row]:
    """One row per decoder that the study asks for; one empty row while nobody ran it."""
    group = f"Ours: {study}"
    known = results.study(study)
    if known is None:
        return list(cells.study_rows(results, study, COLUMNS, group))
    asked = {decoder for _, _, decoder in known.ways()}
    return [
        Row(
            label=name,
            group=group,
            cells=tuple(keyposs.cell(results, study, size, None, decoder, MEASURED) for size in keyposs.SIZES),
            study=study,
        )
        for name, decoder in DECODERS.items()
        if decoder in asked
    ]


def _deviation(ours: Row, published: Row) -> Row | None:
    """Ours minus the published row; None before ours has a number."""
    deviations = tuple(_minus(*pair) for pair in zip(ours.cells, published.cells, strict=True))
    if not any(cell.value is not None for cell in deviations):
        return None
    label = f"{published.label}, ours − published"
    return Row(label=label, group=f"Ours: {SCATTERED}, minus published", cells=deviations, study=SCATTERED)


def _minus(ours: Cell, published: Cell) -> Cell:
    if ours.value is None or published.value is None:
        return Cell(text=labels.MISSING)
    difference = ours.value - published.value
    return replace(ours, value=difference, spread=None, difference=True, seeds=(), seed_values=())

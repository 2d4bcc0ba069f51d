"""Paper 002, Table 3: KeyPosS on 64×64 heatmaps among its contemporaries, beside our runs.

Studies made for two cores have no heatmaps of 64×64: they stand below with the largest that they have.
Source: bao2023keyposs Table 3.
"""

from collections.abc import Iterable, Sequence

from reports import keyposs, labels, literature
from reports.document import Cell, Column, Note, Row, Table
from reports.keyposs import AFLW, IBUG300W, IBUG300W_PRIVATE, SYNTHETIC, WFLW, YTF68, DataSet
from reports.keyposs_comparisons import ENCODINGS
from reports.keyposs_costs import cost
from reports.published import Published
from reports.query import Results

SIZE = 64
DATA_SETS = (AFLW, IBUG300W, IBUG300W_PRIVATE, WFLW)
LARGEST = {data: max(data.sizes) for data in (YTF68, SYNTHETIC)}  # heatmaps of the studies made for two cores
STUDIES = tuple(data.study for data in (*DATA_SETS, *LARGEST))


def _error(data: DataSet) -> Column:
    return labels.column(data.metric, keyposs.SPLIT, group=data.title)


PARAMETERS, OPERATIONS = (labels.column(name, keyposs.SPLIT, group="Cost") for name in ("parameters", "macs"))
# Our columns → data set and metric in the paper's table.
PUBLISHED = {
    _error(AFLW): ("AFLW", "NME"),
    _error(IBUG300W): ("300W", "NME_io"),
    _error(WFLW): ("WFLW", "NME_io"),
    PARAMETERS: ("-", "params"),
    OPERATIONS: ("-", "GFLOPs"),
}
COLUMNS = (*(_error(data) for data in (*DATA_SETS, *LARGEST)), PARAMETERS, OPERATIONS)
PUBLIC = {_error(data): data.public for data in DATA_SETS}

NOTES = (
    Note(
        "a",
        "The paper describes 300W by the 300 + 300 pictures of the private test; its code tests on the full set of "
        "689. We test the same networks, which saw neither, on both.",
    ),
    Note("b", "The paper speaks of four data sets, but this table has three: COCO-WholeBody is in its Table 5 only."),
    Note(
        "c",
        "Published rows mix networks that were pretrained on ImageNet (Y), that were not (N), and of which the paper "
        "does not say (-), also among those built on HRNet. Ours start from random weights unless their study names a "
        "file.",
    ),
    Note(
        "d",
        "The paper trains “64x64” pictures at once, by its code 64 on each of four GPUs, for 100 epochs in one "
        "sentence and 100 to 1000 in another, and its code keeps the epoch that is best on the test faces. Its Eq. 15 "
        "is a distance of landmarks where text and code compare heatmaps, and its Eq. 16 has no normaliser.",
    ),
    Note("e", "Two networks. Operations are multiply–accumulates, counted by each paper in its own way; see Table 6."),
    Note("f", "AFLW: 19 landmarks, although the paper describes 21; divided by the side of the face box."),
    Note("g", "Paper 003 prints 5.11 for Wing on WFLW, in its Table 4."),
)
MARKS = {
    "KeyPosS (Biased)": ("b", "d", "f"),
    "KeyPosS (Unbiased)": ("b", "d", "f"),
    "LAB": ("e",),
    "Wing": ("g",),
}


def wants(label: str, way: tuple[str, str, str]) -> bool:
    """Whether a study's measurement stands in this table. Of heatmaps below 64×64 only those do that are read without
    a flip test, as the studies made for two cores are."""
    sizes = (SIZE,) if way[2].endswith(keyposs.FLIPPED) else (SIZE, *LARGEST.values())
    labels_shown = {keyposs.label(size, encoding) for size in sizes for encoding in ENCODINGS}
    return label in labels_shown and keyposs.is_read_by(way, (keyposs.KEYPOSS,))


def build(results: Results) -> Table:
    return Table(
        name="keyposs_3",
        title="KeyPosS among its contemporaries",
        caption="Paper 002, Table 3: NME on 64×64 heatmaps, parameters and operations, published and ours. KeyPosS of "
        "ours is the 2×2 kernel; studies made for two cores stand below with the largest heatmaps that they have. "
        "Mean ± sample standard deviation over n seeds.",
        columns=COLUMNS,
        rows=(
            *_published(),
            *literature.reference_rows({column: PUBLIC.get(column, "") for column in COLUMNS}),
            *_ours(results, DATA_SETS, SIZE),
            *_largest(results),
        ),
        notes=(*NOTES, *keyposs.flip_note(results, "h")),
    )


def _published() -> Iterable[Row]:
    methods: dict[str, list[Published]] = {}
    for one in literature.read("002", "table3"):
        methods.setdefault(one.method, []).append(one)
    for name, printed in methods.items():
        by_column = {(one.dataset, one.metric): one for one in printed}
        pretrained = printed[0].note.partition(";")[0].removeprefix("pretrained=")
        yield literature.row(
            "002",
            "Table 3",
            name,
            tuple(
                literature.cell(by_column.get(PUBLISHED.get(column, ("", ""))), column, _marks(name, column))
                for column in COLUMNS
            ),
            marks=("c", *MARKS.get(name, ())),
            detail=f"{printed[0].venue}, pretrained: {pretrained}",
        )


def _marks(name: str, column: Column) -> tuple[str, ...]:
    return ("a",) if column == _error(IBUG300W) and "KeyPosS" in name else ()


def _largest(results: Results) -> Iterable[Row]:
    for data, size in LARGEST.items():
        yield from _ours(results, (data,), size)


def _ours(results: Results, data_sets: Sequence[DataSet], size: int) -> Iterable[Row]:
    """A row for each encoding of networks with heatmaps of one size, filled in the columns of these data sets."""
    for encoding in ENCODINGS:
        found = {PARAMETERS: _cost(results, data_sets, size, PARAMETERS)}
        found[OPERATIONS] = _cost(results, data_sets, size, OPERATIONS)
        for data in data_sets:
            column = _error(data)
            found[column] = keyposs.cell(results, data.study, size, encoding, keyposs.KEYPOSS, column)
        yield Row(
            label=f"{keyposs.TITLES[keyposs.KEYPOSS]}, {encoding}",
            group=f"Ours: heatmaps of {keyposs.label(size)}",
            cells=tuple(found.get(column, Cell(text=labels.MISSING)) for column in COLUMNS),
        )


def _cost(results: Results, data_sets: Sequence[DataSet], size: int, column: Column) -> Cell:
    """Of the first data set, WFLW before the others, that has been trained on."""
    found = [cost(results, data, size, column) for data in reversed(data_sets)]
    return next((one for one in found if one.value is not None), found[0])

"""Paper 002, Table 3: KeyPosS on 64×64 heatmaps among its contemporaries, beside our runs.

Source: bao2023keyposs Table 3.
"""

from collections.abc import Iterable

from reports import keyposs, labels, literature
from reports.document import Cell, Column, Note, Row, Table
from reports.keyposs import AFLW, IBUG300W, WFLW, DataSet, Encoding
from reports.keyposs_costs import cost
from reports.literature import Published
from reports.query import Results

SIZE = 64
DATA_SETS = (AFLW, IBUG300W, WFLW)
STUDIES = tuple(data.study for data in DATA_SETS)


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

NOTES = (
    Note(
        "a",
        "The paper describes 300W by the 300 + 300 pictures of the private test; its code tests on the full set of "
        "689, and so do we.",
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
)
MARKS = {"KeyPosS (Biased)": ("b", "d", "f"), "KeyPosS (Unbiased)": ("b", "d", "f"), "LAB": ("e",)}


def wants(label: str, way: tuple[str, str, str]) -> bool:
    """Whether a study's measurement stands in this table."""
    return label.startswith(f"{keyposs.label(SIZE)},") and keyposs.is_read_by(way, (keyposs.KEYPOSS,))


def build(results: Results) -> Table:
    return Table(
        name="keyposs_3",
        title="KeyPosS among its contemporaries",
        caption="Paper 002, Table 3: NME on 64×64 heatmaps, parameters and operations, published and ours. KeyPosS of "
        "ours is the 2×2 kernel. Mean ± sample standard deviation over n seeds; bold is the best of our rows on the "
        "same data.",
        columns=tuple(PUBLISHED),
        rows=(*_published(), _ours(results, "biased"), _ours(results, "unbiased")),
        notes=(*NOTES, *keyposs.flip_note(results, "g")),
    )


def _published() -> Iterable[Row]:
    methods: dict[str, list[Published]] = {}
    for one in literature.read("002", "table3"):
        methods.setdefault(one.method, []).append(one)
    for name, printed in methods.items():
        by_column = {(one.dataset, one.metric): one for one in printed}
        pretrained = printed[0].note.partition(";")[0].removeprefix("pretrained=")
        yield Row(
            label=name,
            detail=f"{printed[0].year_or_venue}, pretrained: {pretrained}",
            group="Published: Bao et al. 2023, Table 3",
            source="literature",
            citation=literature.PAPER_KEYS["002"],
            marks=("c", *MARKS.get(name, ())),
            cells=tuple(
                literature.cell(by_column.get(key), column, ("a",) if key[0] == "300W" and "KeyPosS" in name else ())
                for column, key in PUBLISHED.items()
            ),
        )


def _ours(results: Results, encoding: Encoding) -> Row:
    def error(data: DataSet) -> Cell:
        return keyposs.cell(results, data.study, SIZE, encoding, keyposs.KEYPOSS, _error(data))

    return Row(
        label=f"{keyposs.TITLES[keyposs.KEYPOSS]}, {encoding}",
        group="Ours",
        cells=(
            *(error(data) for data in DATA_SETS),
            *(_cost(results, column) for column in (PARAMETERS, OPERATIONS)),
        ),
    )


def _cost(results: Results, column: Column) -> Cell:
    """Of the first data set, WFLW before the others, that has been trained on."""
    found = [cost(results, data, SIZE, column) for data in reversed(DATA_SETS)]
    return next((one for one in found if one.value is not None), found[0])

"""Paper 002, Table 6: what a network costs that makes heatmaps of each size, beside the published row.

Source: bao2023keyposs Table 6.
"""

from reports import keyposs, labels, literature
from reports.document import Note, Row, Table
from reports.keyposs import DataSet
from reports.keyposs_costs import cost
from reports.query import Results

# The networks of the private test are those of 300W.
DATA_SETS = tuple(data for data in keyposs.DATA_SETS if data is not keyposs.IBUG300W_PRIVATE)
STUDIES = tuple(data.study for data in DATA_SETS)

# Our metric → the paper's name of it, and our heading.
QUANTITIES = {"parameters": ("params", "Parameters"), "macs": ("GFLOPs", "Operations")}
PLACES = tuple((metric, size) for metric in QUANTITIES for size in keyposs.SIZES)
COLUMNS = tuple(
    labels.column(metric, keyposs.SPLIT, title=keyposs.label(size), group=QUANTITIES[metric][1])
    for metric, size in PLACES
)
NOTES = (
    Note(
        "a",
        "The paper counts modules of its network that are there but never run at small sizes. With them, and 98 "
        "landmarks, our count gives its 9.74, 9.74, 9.74, 9.66 and 9.64 million exactly; ours here are without them.",
    ),
    Note(
        "b",
        "The paper's operations are those of the counter of mmcv: multiply–accumulates and biases of convolutions, two "
        "for each normalised value and one for each value of a ReLU. Counted so, our network gives its 4.75, 1.19, "
        "0.3, 0.07 and 0.03 exactly; ours here are multiply–accumulates only.",
    ),
    Note(
        "c", "The number of landmarks changes the last layer, hence both columns a little, from data set to data set."
    ),
)


def wants(label: str, way: tuple[str, str, str]) -> bool:
    """One network of each size is enough: its cost depends neither on the encoding nor on the decoder."""
    return label.endswith(", unbiased") and keyposs.is_read_by(way, (keyposs.KEYPOSS,))


def build(results: Results) -> Table:
    return Table(
        name="keyposs_6",
        title="Cost by size of heatmap",
        caption="Paper 002, Table 6: parameters in millions and operations in thousand millions for one picture of "
        "256×256, by the size of the heatmap, published and ours.",
        columns=COLUMNS,
        rows=(_published(), *(_ours(results, data) for data in DATA_SETS)),
        notes=NOTES,
    )


def _published() -> Row:
    printed = {(one.metric, one.subset): one for one in literature.read("002", "table6")}
    return literature.row(
        "002",
        "Table 6",
        "KeyPosS, HRNetV2-W18",
        tuple(
            literature.cell(printed.get((QUANTITIES[metric][0], f"heatmap {size}")), column)
            for (metric, size), column in zip(PLACES, COLUMNS, strict=True)
        ),
        marks=("a", "b"),
    )


def _ours(results: Results, data: DataSet) -> Row:
    return Row(
        label=data.title,
        group="Ours",
        marks=("c",),
        cells=tuple(cost(results, data, size, column) for (_, size), column in zip(PLACES, COLUMNS, strict=True)),
        study=data.study,
    )

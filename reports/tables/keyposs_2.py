"""Paper 002, Table 2: how the stem of its network shrinks the picture for each size of heatmap, published and ours.

Source: bao2023keyposs Table 2.
"""

from reports import declared, keyposs, labels, literature
from reports.declared import Setting
from reports.document import Cell, Note, Row, Table
from reports.keyposs import DataSet
from reports.query import Results
from trainables.backbones.stem_strides import STEM_STRIDES

# The networks of the private test are those of 300W.
DATA_SETS = tuple(data for data in keyposs.DATA_SETS if data is not keyposs.IBUG300W_PRIVATE)
STUDIES = tuple(data.study for data in DATA_SETS)

STRIDE = Setting(title="together", published="", path="method.stride")
CONVOLUTIONS = tuple(f"conv{place}_stride" for place in (1, 2, 3, 4))
COLUMNS = (
    *(labels.column("setting", keyposs.SPLIT, title=f"conv{place}", group="Strides") for place in (1, 2, 3, 4)),
    labels.column("setting", keyposs.SPLIT, title=STRIDE.title, group="Strides"),
)
NOTES = (
    Note("a", "The paper prints no product; the picture of 256×256 px is divided by it."),
    Note("b", "Pictures of other sides have the stem of the same stride, and so another size of heatmap."),
)


def wants(label: str, way: tuple[str, str, str]) -> bool:
    """One network of each size is enough: its stem depends neither on the encoding nor on the decoder."""
    return label.endswith(", unbiased") and keyposs.is_read_by(way, (keyposs.KEYPOSS,))


def build(results: Results) -> Table:
    return Table(
        name="keyposs_2",
        title="Strides of the stem",
        caption="Paper 002, Table 2: strides of the convolutions of the stem by the size of the heatmap, as published "
        "and as our trials declare them.",
        columns=COLUMNS,
        rows=(
            *map(_published, keyposs.SIZES),
            *(_ours(results, data, size) for data in DATA_SETS for size in keyposs.sizes(results, data)),
        ),
        notes=NOTES,
    )


def _published(size: int) -> Row:
    printed = {one.metric: one for one in literature.read("002", "table2") if one.subset == f"heatmap {size}"}
    strides = [printed[name] for name in CONVOLUTIONS]
    together = 1
    for one in strides:
        together *= int(one.number or 1)
    shown = [Cell(text=_step(one.number), source="literature") for one in strides]
    product = Cell(text=str(together), source="literature", marks=("a",))
    return literature.row("002", "Table 2", keyposs.label(size), (*shown, product))


def _ours(results: Results, data: DataSet, size: int) -> Row:
    stride = declared.setting(results, data, keyposs.label(size, "unbiased"), STRIDE)
    known = stride.text if stride.trials else ""
    steps = STEM_STRIDES[int(known)] if known else ()
    shown = [
        Cell(text=_step(steps[place] if place < len(steps) else None), trials=stride.trials) if known else stride
        for place in range(len(CONVOLUTIONS))
    ]
    return Row(
        label=keyposs.label(size),
        group=f"Ours: {data.title}",
        cells=(*shown, stride),
        marks=("b",) if data in (keyposs.YTF68, keyposs.SYNTHETIC) else (),
        study=data.study,
    )


def _step(stride: float | None) -> str:
    return labels.NOT_APPLICABLE if stride is None else f"{stride:g}"

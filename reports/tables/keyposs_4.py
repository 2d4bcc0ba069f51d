"""Paper 002, Table 4: how many cells around the peak should be anchors, beside the published rows.

Source: bao2023keyposs Table 4.
"""

from reports import cells, keyposs, labels, literature
from reports.document import Note, Row, Table
from reports.keyposs import DataSet
from reports.query import Results

STUDIES = keyposs.STUDIES

COLUMNS = tuple(
    labels.column("nme", keyposs.SPLIT, title=keyposs.label(size), group="NME by size of heatmap")
    for size in keyposs.SIZES
)
NOTES = (
    Note(
        "a",
        "The paper names no data set; the rows fit its WFLW numbers with unbiased encoding. Its text calls 2×2 the "
        "best kernel, although 4×4 is at 64×64 and 32×32, and its main table takes the best of these rows by test "
        "error.",
    ),
    Note("b", "A kernel of 5×5 or 6×6 cells is larger than a map of 4×4."),
    Note(
        "c",
        "The code that the paper released reads maps by Gauss–Newton on the largest cells of the whole map; the paper "
        "has no row for it.",
    ),
)


def wants(label: str, way: tuple[str, str, str]) -> bool:
    """Whether a study's measurement stands in this table."""
    decoders = (*keyposs.KERNEL_DECODERS.values(), keyposs.GAUSS_NEWTON)
    return label.endswith(", unbiased") and keyposs.is_read_by(way, decoders)


def build(results: Results) -> Table:
    rows = [_published(kernel) for kernel in keyposs.KERNELS]
    for data in keyposs.DATA_SETS:
        if results.study(data.study) is None:
            rows += cells.study_rows(results, data.study, COLUMNS, group=f"Ours: {data.title}")
            continue
        rows += [_ours(results, data, decoder) for decoder in keyposs.KERNEL_DECODERS.values()]
        rows.append(_ours(results, data, keyposs.GAUSS_NEWTON, ("c",)))
    return Table(
        name="keyposs_4",
        title="Number of anchors",
        caption="Paper 002, Table 4: NME of KeyPosS with unbiased encoding, by the window of anchors and the size of "
        "the heatmap, published and ours. Mean ± sample standard deviation over n seeds.",
        columns=COLUMNS,
        rows=tuple(rows),
        notes=(*NOTES, *keyposs.flip_note(results, "d")),
    )


def _published(kernel: int) -> Row:
    name = f"KeyPosS (Unbiased) kernel {kernel}x{kernel}"
    printed = {one.subset: one for one in literature.read("002", "table4") if one.method == name}
    return literature.row(
        "002",
        "Table 4 (WFLW)",
        f"KeyPosS {kernel}×{kernel}",
        tuple(
            literature.cell(printed.get(f"heatmap {size}"), column)
            for size, column in zip(keyposs.SIZES, COLUMNS, strict=True)
        ),
        marks=("a", "b") if kernel > min(keyposs.SIZES) else ("a",),
    )


def _ours(results: Results, data: DataSet, decoder: str, marks: tuple[str, ...] = ()) -> Row:
    column = labels.column(data.metric, keyposs.SPLIT)
    return Row(
        label=decoder.removesuffix(" anchors").replace("KeyPosS, ", "KeyPosS "),
        detail=labels.metric_title(column),
        group=f"Ours: {data.title}",
        cells=tuple(keyposs.cell(results, data.study, size, "unbiased", decoder, column) for size in keyposs.SIZES),
        marks=marks,
        study=data.study,
    )

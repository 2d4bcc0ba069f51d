"""Paper 003, Sec. 4.5: what networks cost, beside the published numbers.

Source: wan2026sht Sec. 4.5.
"""

from reports import labels, literature, paper_studies, sht
from reports.document import Note, Row, Table
from reports.query import Results
from reports.sht import DataSet
from reports.sht_costs import cost

DATA_SETS = (*sht.OF_SMALL_FACES, *sht.OF_LARGE_FACES)
STUDIES = tuple(data.study for data in DATA_SETS)

VARIANTS = ("Hourglass", "DHLN", "SHT")
VARIANTS_OF_LARGE_FACES = ("SHN (256×256)", "DHLN-M", "SHT-M")
# Our metric → heading and the paper's name, "" where it has no such number.
QUANTITIES = {
    "parameters": ("Network", "params"),
    "macs": ("Network", ""),
    "weights_mb": ("Network", "model_size"),
    "frames_per_second": ("Prediction", "FPS"),
    "images_per_second": ("Training", ""),
    "peak_memory_mb": ("Training", ""),
}
COLUMNS = tuple(
    labels.column(metric, paper_studies.SPLIT, group=heading, compare=False)
    for metric, (heading, _) in QUANTITIES.items()
)
PUBLISHED = {"SHN": ("a", "b"), "DHLN": ("a", "b", "c")}  # with their marks

NOTES = (
    Note(
        "a",
        "The printed sizes of the files do not follow from the printed parameters, which take 65.6 and 90.9 MB in "
        "single precision.",
    ),
    Note(
        "b",
        "Pictures a second on one RTX 4090. Runs measure neither this nor the size of the file, because trials share "
        "their machine; `marksweep methods dhln --speed` does, for every method.",
    ),
    Note(
        "c",
        "The paper's text adds that DHLN is 17.36 % better than SHN on the common faces of 300W. Those numbers are of "
        "SHT-M, 3.11 to 2.57; DHLN-M, with 2.74, is 11.90 % better.",
    ),
    Note(
        "d",
        "The pose transfer of SHT is needed in training only: it does not count as part of the network, but takes its "
        "time and memory. Trials may have shared their machine with others.",
    ),
)


def wants(label: str, way: tuple[str, str, str]) -> bool:
    """Whether a study's trials stand in this table. Others cost what these do: they differ in losses and data."""
    return label in (*VARIANTS, *VARIANTS_OF_LARGE_FACES) and paper_studies.is_plain(way)


def build(results: Results) -> Table:
    return Table(
        name="sht_time",
        title="What the networks cost",
        caption="Paper 003, Sec. 4.5: parameters in millions, operations in thousand millions for one picture, size of "
        "the weights, pictures a second, and memory, published and ours. Of training: the median over epochs of the "
        "pictures a second and the most memory, mean ± sample standard deviation over n seeds.",
        columns=COLUMNS,
        rows=(*_published(), *(_ours(results, data, label) for data in DATA_SETS for label in _variants(data))),
        notes=NOTES,
    )


def _variants(data: DataSet) -> tuple[str, ...]:
    return VARIANTS_OF_LARGE_FACES if data in sht.OF_LARGE_FACES else VARIANTS


def _published() -> list[Row]:
    found = {(one.method, one.metric): one for one in literature.read("003", "sec4_5")}
    return [
        literature.row(
            "003",
            "Sec. 4.5",
            method,
            tuple(
                literature.cell(found.get((method, name)), column)
                for column, (_, name) in zip(COLUMNS, QUANTITIES.values(), strict=True)
            ),
            marks=marks,
        )
        for method, marks in PUBLISHED.items()
    ]


def _ours(results: Results, data: DataSet, label: str) -> Row:
    return Row(
        label=label,
        group=f"Ours: {data.title}",
        cells=tuple(cost(results, data, label, column) for column in COLUMNS),
        marks=("d",) if label in ("SHT", "SHT-M") else (),
        study=data.study,
    )

"""Paper 003's studies in the ledger: how their variants are called, and where a table finds a number.

"Bicubic" and "FHS" restore faces and find no landmarks in them; "Hourglass", of every size, and "SHN (256×256)" find
landmarks and restore nothing. A variant called "DHLN*" is DHLN trained without the gradient loss, as in the paper's
Table 5.
"""

from collections.abc import Mapping, Sequence

from reports import cells, labels, literature, paper_studies
from reports.document import Cell, Column, Row
from reports.paper_studies import DataSet, is_plain
from reports.published import Published
from reports.query import Results, Way

TRANSFER = "pose transfer"  # as an evaluation says it: the pictures that are judged are transfers of second views

WITHOUT_GRADIENT_LOSS = "*"
HALLUCINATING = ("DHLN", "SHT", "SHT-v")  # each with a twin without the gradient loss
SMALL_FACES = ("Bicubic", "Hourglass", "FHS", *HALLUCINATING)  # 16×16 px, restored at 128×128
LARGE_FACES = ("Hourglass", "SHN (256×256)", "DHLN-M", "SHT-M", "SHT-M-i", "SHT-M-v")  # 64×64 px, restored at 256×256
WEAKLY_SUPERVISED = ("SHT-M (+YouTube-Face)", "SHT-M (+AFLW)")
WITHOUT_LANDMARKS = ("Bicubic", "FHS")
WITHOUT_PICTURES = ("Hourglass", "SHN (")  # the beginnings of their names
OF_PICTURES = ("psnr", "ssim", "ssim_dic", "picture_l1")

NOTHING_ON_TRAINING = (
    "The paper prints neither optimiser nor learning rate nor the length of training; those of ours are our choice. "
    "The features of its perceptual loss are VGG-19's; ours are those of random filters, the same in every trial, "
    "unless a trial names a file of VGG-19 (method.transfer.vgg)."
)
UNLABELLED = (
    "The unlabelled pool of -i, 169,854 pictures of CelebA, is the training and the test set of Table 1 together, "
    "168,854 + 1,000: not to be used where faces of CelebA are tested."
)
WIDTH_OF_FACE = (
    "The paper calls it NME. In the public code of DIC, whose protocol it is, it is a root mean square, and a separate "
    "detector reads the restored picture: only so bicubic enlargement can have one. The paper does not say which "
    "landmarks its own rows have; ours are those that the networks find themselves, and no separate detector reads our "
    "pictures: not to be compared with the rows of methods that only restore."
)


CELEBA = DataSet(study="sht_celeba", title="CelebA", published="CelebA")
HELEN = DataSet(study="sht_helen", title="Helen", published="Helen")
YTF68 = DataSet(study="sht_ytf68", title="ytf68 (16→64 px, small networks, few epochs)")
SYNTHETIC = DataSet(study="sht_synthetic", title="rendered faces (16→64 px, small networks, few epochs)")
IBUG300W = DataSet(study="sht_300w", title="300W", published="300W")
AFLW = DataSet(study="sht_aflw19", title="AFLW", published="AFLW")
WFLW = DataSet(study="sht_wflw", title="WFLW", published="WFLW")
OF_SMALL_FACES = (CELEBA, HELEN, YTF68, SYNTHETIC)
OF_LARGE_FACES = (IBUG300W, AFLW, WFLW)

# Where the paper's files have a number: data set, subset and metric, in their words.
Place = tuple[str, str, str]
NOWHERE: Place = ("", "", "")
NumberMarks = Mapping[tuple[str, Place], tuple[str, ...]]  # of one number, by its method and place


def shows_large_faces(label: str, way: Way) -> bool:
    """`wants` of the tables that compare networks which restore 256×256 px."""
    return label in LARGE_FACES and is_plain(way)


def cell(results: Results, data: DataSet, label: str, column: Column) -> Cell:
    """What a variant reached on a data set, or why that is not known; "–" where it makes nothing of the kind."""
    found = paper_studies.find(results, data.study, label)
    if isinstance(found, Cell):
        return found
    if label.startswith(WITHOUT_PICTURES) if column.metric in OF_PICTURES else label in WITHOUT_LANDMARKS:
        return Cell(text=labels.MISSING)
    return cells.measured(*found, column)


def shown_in_table_1(results: Results) -> tuple[str, ...]:
    """The variants of the paper's Table 1, then what our studies have beyond it; twins of Table 5 are neither."""
    known = [study for data in OF_SMALL_FACES if (study := results.study(data.study)) is not None]
    found = dict.fromkeys((*SMALL_FACES, *(variant.label for study in known for variant in study.variants)))
    return tuple(label for label in found if not label.endswith(WITHOUT_GRADIENT_LOSS))


def printed(table: str) -> dict[str, dict[Place, Published]]:
    """The published numbers of one table, by method in the paper's order."""
    found: dict[str, dict[Place, Published]] = {}
    for one in literature.read("003", table):
        found.setdefault(one.method, {})[one.dataset, one.subset, one.metric] = one
    return found


def published_rows(
    number: int,
    places: Sequence[tuple[Column, Place]],
    marks: Mapping[str, tuple[str, ...]],
    of_numbers: NumberMarks | None = None,
) -> tuple[Row, ...]:
    """Every row of the paper's table of this number: what stands at these places, in the order of our columns.

    `marks`: those of a method's row.
    """
    of_numbers = of_numbers or {}
    return tuple(
        literature.row(
            "003",
            f"Table {number}",
            method,
            tuple(
                literature.cell(found.get(place), column, of_numbers.get((method, place), ()))
                for column, place in places
            ),
            marks=marks.get(method, ()),
            detail=next(iter(found.values())).venue,
        )
        for method, found in printed(f"table{number}").items()
    )

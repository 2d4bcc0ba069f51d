"""Paper 002's studies in the ledger: how their variants and decoders are called, and where a table finds a number.

The words are those of `search_spaces/studies/_keyposs.py` and of `describe()` in `trainables/codecs/`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from reports import cells, labels, paper_studies
from reports.document import Cell, Column, Note
from reports.paper_studies import SPLIT
from reports.query import Results, StudyResults, Variant, Way

SIZES = (64, 32, 16, 8, 4)
KERNELS = (2, 3, 4, 5, 6)

Encoding = Literal["biased", "unbiased"]

ONE_HOT, TWO_HOT, GAUSS_NEWTON = "one-hot", "two-hot", "KeyPosS, Gauss–Newton"
DARK, DARK_WITHOUT_BLUR = "distribution-aware, blur 11", "distribution-aware, no blur"
KERNEL_DECODERS = {kernel: f"KeyPosS, {kernel}×{kernel} anchors" for kernel in KERNELS}
KEYPOSS = KERNEL_DECODERS[2]
FLIPPED = ", flip test, shifted 1 cell"

# The decoders as tables and figures print them.
TITLES = {
    ONE_HOT: "One-hot",
    TWO_HOT: "Two-hot",
    DARK: "DARK",
    KEYPOSS: "KeyPosS 2×2",
    GAUSS_NEWTON: "KeyPosS, Gauss–Newton",
}


@dataclass(frozen=True, kw_only=True)
class DataSet(paper_studies.DataSet):
    """A data set of the tables, with the metric that the paper has of it and the sizes of the maps."""

    metric: str = "nme_io"
    sizes: tuple[int, ...] = SIZES  # until its study is in the ledger
    photographs: bool = True


WFLW = DataSet(study="keyposs_wflw", title="WFLW", published="WFLW", public="WFLW")
AFLW = DataSet(study="keyposs_aflw19", title="AFLW", metric="nme_dataset_box", published="AFLW", public="AFLW")
# As MMPose counts it: every landmark alike, not every face.
COCO = DataSet(
    study="keyposs_coco_wholebody",
    title="COCO-WholeBody",
    metric="nme_io_pooled",
    published="COCO-WholeBody",
    public="COCO-WholeBody",
)
IBUG300W = DataSet(study="keyposs_300w", title="300W", published="300W", public="300W")
# Read by the networks of `IBUG300W`.
IBUG300W_PRIVATE = DataSet(study="keyposs_300w_private", title="300W private", public="300W private test")
YTF68 = DataSet(study="keyposs_ytf68", title="ytf68", sizes=(16, 8, 4))
SYNTHETIC = DataSet(study="keyposs_synthetic", title="rendered faces", sizes=(8, 4), photographs=False)
DATA_SETS = (WFLW, AFLW, COCO, IBUG300W, IBUG300W_PRIVATE, YTF68, SYNTHETIC)
STUDIES = tuple(data.study for data in DATA_SETS)


def label(size: int, encoding: Encoding | None = None) -> str:
    """The variant's label in its study; ground truth has no encoding to choose."""
    return f"{size}×{size}" + (f", {encoding}" if encoding else "")


def sizes(results: Results, data: DataSet) -> tuple[int, ...]:
    """The sizes of map that a data set's study has, the largest first."""
    study = results.study(data.study)
    return data.sizes if study is None else sizes_of(study)


def sizes_of(study: StudyResults) -> tuple[int, ...]:
    found = {one.label.partition("×")[0] for one in study.variants if "×" in one.label}
    return tuple(sorted((int(size) for size in found if size.isdecimal()), reverse=True))


def asked_decoder(variant: Variant, decoder: str, split: str = SPLIT) -> str:
    """The decoder as this variant was asked for it: with the flip test where the study has one."""
    flipped = decoder + FLIPPED
    return flipped if variant.asked(split, decoder=flipped) else decoder


def cell(results: Results, study: str, size: int, encoding: Encoding | None, decoder: str, column: Column) -> Cell:
    """What a decoder reached on maps of one size, or why that is not known."""
    if any(decoder == text and kernel > size for kernel, text in KERNEL_DECODERS.items()):
        return Cell(text=labels.NOT_APPLICABLE)
    found = paper_studies.find(results, study, label(size, encoding))
    if isinstance(found, Cell):
        return found
    return cells.measured(*found, column, decoder=asked_decoder(found[1], decoder))


def is_read_by(way: Way, decoders: Collection[str], splits: Collection[str] = (SPLIT,)) -> bool:
    """Whether a way of measuring is one of these decoders, flip test or not, on faces of a split as they are."""
    split, perturbation, decoder = way
    return split in splits and not perturbation and decoder.removesuffix(FLIPPED) in decoders


def flip_note(results: Results, mark: str) -> tuple[Note, ...]:
    """Which of our columns are read with the flip test; none while no study with one is known."""
    flipped = [data.title for data in DATA_SETS if _is_flipped(results.study(data.study))]
    if not flipped:
        return ()
    return (Note(mark, f"Ours are read with the flip test on {', '.join(flipped)}, as the paper's code does."),)


def _is_flipped(study: StudyResults | None) -> bool:
    return study is not None and any(decoder.endswith(FLIPPED) for _, _, decoder in study.ways())

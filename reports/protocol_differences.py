"""How a published number was measured in another way than the column says under which it is printed."""

import re

from reports.document import Column
from reports.published import Published

# A paper's metric → ours that are the same, and what it is where it stands under any other. "nme" is divided by what
# the row says.
METRICS: dict[str, tuple[tuple[str, ...], str]] = {
    "MSE": (("mse",), "a mean square"),
    "NME_io": (("nme_io", "nme_io_pooled", "nme"), "divided by the distance of the outer eye corners"),
    "NME_ip": (("nme_ip",), "divided by the distance of the pupils"),
    "NME_box": (("nme_box",), "divided by the side of a box"),
    "NME_diag": ((), "divided by the diagonal of a box that is not named, and papers differ in it"),
    "NME_wid": ((), "called a mean error, and not said to be of the landmarks of the method itself"),
    "AUC": ((), "normaliser not stated"),
    "AUC_io_10": (("auc_io_10",), "up to 10 % of the distance of the outer eye corners"),
    "AUC_box_7": (("auc_box_7",), "up to 7 % of the side of a box"),
    "FR_io_10": (("fr_io_10",), "above 10 % of the distance of the outer eye corners"),
    "accuracy_3px": (("accuracy_3px",), "within 3 px"),
    "accuracy_5px": (("accuracy_5px",), "within 5 px"),
    "PSNR": (("psnr",), "of the brightness Y"),
    "SSIM": (("ssim",), "not said to be of 256−Y"),
    "params": (("parameters",), "parameters"),
    "model_size": (("weights_mb",), "the size of a file"),
    "GFLOPs": ((), "operations counted in the paper's own way"),
    "FPS": ((), "on the paper's machine"),
}
# What a plain "NME" is divided by: by a word of its note, or for all that a paper has of a data set.
NORMALISERS = {"box_size": "nme_dataset_box", "inter-ocular": "nme_io", "inter-pupil": "nme_ip"}
OF_DATA_SETS = {("002", "AFLW"): "nme_dataset_box"}  # its Table 3 says so, its Table 5 need not
DIVIDED = {
    "nme_dataset_box": "divided by the side of the data set's face box",
    "nme_io": METRICS["NME_io"][1],
    "nme_ip": METRICS["NME_ip"][1],
}
LEFT_OPEN = re.compile(r"(normaliser|threshold|pixel scale|dataset)(?: of this row)? not stated")
UNUSED_MODULES = "unused modules"


def differs(published: Published, column: Column) -> str:
    """In words; empty where the number is what its column says.

    Known by its metric, its faces, and what its file says that the paper leaves open.
    """
    said = f"{published.dataset}; {published.note}"
    reasons = [
        _metric(published, column),
        _faces(published, column),
        *(f"{what} not stated".replace("dataset", "data set") for what in LEFT_OPEN.findall(said)),
        "counts modules that never run" if UNUSED_MODULES in said else "",
    ]
    return "; ".join(dict.fromkeys(reason for reason in reasons if reason))


def _metric(published: Published, column: Column) -> str:
    if published.metric == "NME":
        return _plain_error(published, column)
    same, words = METRICS.get(published.metric, ((), f"printed as {published.metric}"))
    return "" if column.metric in same else words


def _plain_error(published: Published, column: Column) -> str:
    told = [ours for words, ours in NORMALISERS.items() if words in published.note]
    ours = told[0] if told else OF_DATA_SETS.get((published.paper, published.dataset))
    if ours is None:
        return "normaliser not stated"
    return "" if column.metric in (ours, "nme") else DIVIDED[ours]


def _faces(published: Published, column: Column) -> str:
    if published.split != column.split:
        return f"of {'test' if published.split == 'test' else published.subset} faces"
    if published.part != column.subset:
        return "of all faces" if published.part == "all" else f"of the faces “{published.part}” only"
    return ""

"""Every metric of the ledger: how it is called and printed, in the order in which tables show them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """How a metric of the ledger is called and printed. `value × scale` is printed with `printed_unit`."""

    name: str
    title: str
    unit: str  # of the stored value
    printed_unit: str
    scale: float
    digits: int
    lower_is_better: bool | None  # None for what is neither
    meaning: str
    least: float = 0.0  # what is smaller prints as "< least"


FRACTION = "fraction"


def _percent(name: str, title: str, meaning: str, lower_is_better: bool = True, digits: int = 2) -> Metric:
    return Metric(name, title, FRACTION, "%", 100.0, digits, lower_is_better, meaning)


def _auc(percent: int, normaliser: str = "io", words: str = "io") -> Metric:
    title = f"AUC@{percent}" if normaliser == "io" else f"AUC@{percent} {words}"
    meaning = f"area under the CED of NME {words} up to {percent} %, divided by it"
    return Metric(f"auc_{normaliser}_{percent}", title, FRACTION, "", 1.0, 3, False, meaning)


def _failures(percent: int, normaliser: str = "io", words: str = "io") -> Metric:
    title = f"FR@{percent}" if normaliser == "io" else f"FR@{percent} {words}"
    return _percent(f"fr_{normaliser}_{percent}", title, f"share of images with NME {words} above {percent} %")


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        # Paper 001 prints .0009 and .0012; the factor in the heading keeps three digits of ours readable beside them.
        Metric(
            "mse", "MSE", "squared crop sides", "×10⁻³", 1e3, 3, True,
            "mean square of the coordinates, in crop sides",
        ),
        _percent("nme_io", "NME io", "mean point error ÷ distance of the outer eye corners"),
        _percent("nme_ip", "NME ip", "mean point error ÷ distance of the pupils"),
        _percent("nme_box", "NME box", "mean point error ÷ √(w·h) of the tight landmark box"),
        _percent("nme_diag", "NME diag", "mean point error ÷ diagonal of the tight landmark box"),
        _percent("nme_width", "NME width", "mean point error ÷ width of the tight landmark box"),
        _percent("nme_dataset_box", "NME face box", "mean point error ÷ √(w·h) of the data set's own face box"),
        _percent("nme_dataset_diag", "NME face diag", "mean point error ÷ diagonal of the data set's own face box"),
        _percent("nme_crop_diag", "NME crop diag", "mean point error ÷ diagonal of the crop"),
        _percent(
            "nme_io_pooled", "NME io pooled",
            "mean over all landmarks of all images at once of error ÷ distance of the outer eye corners",
        ),
        # Its papers print a fraction.
        Metric(
            "nrmse_width", "NRMSE width", FRACTION, "", 1.0, 4, True,
            "root mean square of the point errors ÷ width of the tight landmark box",
        ),
        _percent("erroneous_landmarks", "> 5 %", "share of landmarks further off than 5 % of the outer eye corners"),
        _percent("accuracy_3px", "≤ 3 px", "share of landmarks within 3 px of the 224-px crop", lower_is_better=False),
        _percent("accuracy_5px", "≤ 5 px", "share of landmarks within 5 px of the 224-px crop", lower_is_better=False),
        _auc(7),
        _auc(8),
        _auc(10),
        _auc(8, "ip", "ip"),
        _auc(10, "ip", "ip"),
        _auc(7, "box", "box"),
        _auc(7, "dataset_box", "face box"),
        _failures(7),
        _failures(8),
        _failures(10),
        _failures(8, "ip", "ip"),
        _failures(10, "ip", "ip"),
        _failures(7, "box", "box"),
        _failures(7, "dataset_box", "face box"),
        _percent("success_io_10", "Success@10", "share of images with NME io of at most 10 %", lower_is_better=False),
        Metric("psnr", "PSNR", "dB", "dB", 1.0, 2, False, "peak signal-to-noise ratio of the brightness (Y)"),
        Metric("ssim", "SSIM", FRACTION, "", 1.0, 4, False, "structural similarity of the brightness (Y)"),
        Metric("ssim_dic", "SSIM 256−Y", FRACTION, "", 1.0, 4, False, "SSIM of 256−Y, as in the public code of DIC"),
        Metric(
            "picture_l1", "Colour error", "full range", "", 1.0, 4, True,
            "mean absolute difference of the colours, in shares of the full range",
        ),
        _percent("nme", "NME", "mean point error ÷ the length that the row names"),
        # Paper 002's Table 1 prints fractions.
        Metric(
            "nme_io_fraction", "NME io", FRACTION, "", 1.0, 3, True,
            "mean point error ÷ distance of the outer eye corners, as a fraction",
        ),
        Metric("parameters", "Parameters", "count", "M", 1e-6, 2, None, "trained numbers of the network, in millions"),
        Metric(
            "macs", "Operations", "operations", "G", 1e-9, 2, None,
            "multiply–accumulates of one forward pass of one image, in thousand millions",
        ),
        Metric("weights_mb", "Weights", "MB", "MB", 1.0, 0, None, "size of the file that holds the network"),
        Metric("frames_per_second", "Speed", "1/s", "pictures/s", 1.0, 0, False, "pictures a second, one at a time"),
        Metric(
            "images_per_second", "Speed", "1/s", "pictures/s", 1.0, 1, False,
            "pictures of the training set that an epoch shows a second",
        ),
        Metric(
            "peak_memory_mb", "Peak memory", "MiB", "MiB", 1.0, 0, True,
            "most memory in training: what a GPU's networks took of it, or the whole process without one",
        ),
        Metric("p_value", "p", "probability", "", 1.0, 3, None, "probability of such a difference by chance", 0.001),
        Metric(
            "effect_size", "r", "rank correlation", "", 1.0, 2, None,
            "effect size of the signed-rank test: rank-biserial correlation, −1 (always lower) to 1 (always higher)",
        ),
        Metric("num_images", "images", "count", "", 1.0, 0, None, "test images that both sides have an error of"),
        Metric("num_pictures", "Pictures", "count", "", 1.0, 0, None, "pictures of a data set"),
        Metric("setting", "Setting", "as declared", "", 1.0, 0, None, "what a network is trained with"),
        Metric("num_persons", "persons", "count", "", 1.0, 0, None, "groups of these images, such as persons"),
    )
}  # fmt: skip

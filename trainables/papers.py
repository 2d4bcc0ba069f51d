"""Bibliography: every key that a `Source:` tag or a table names."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    key: str
    authors: str
    title: str
    venue: str
    year: int


PAPERS: dict[str, Paper] = {
    paper.key: paper
    for paper in (
        Paper(
            "sharif2025resnet18",
            "Sharif, Sk. M.; Harsha, N. S.; Subhan, Sk. A.; Threeshal, Y.",
            "Facial Landmark Detection Using Deep Learning: A Comprehensive Approach with ResNet18",
            "conference proceedings",
            2025,
        ),
        Paper(
            "he2016resnet",
            "He, K.; Zhang, X.; Ren, S.; Sun, J.",
            "Deep Residual Learning for Image Recognition",
            "CVPR",
            2016,
        ),
        Paper(
            "kingma2015adam",
            "Kingma, D. P.; Ba, J.",
            "Adam: A Method for Stochastic Optimization",
            "ICLR",
            2015,
        ),
        Paper(
            "loshchilov2017sgdr",
            "Loshchilov, I.; Hutter, F.",
            "SGDR: Stochastic Gradient Descent with Warm Restarts",
            "ICLR",
            2017,
        ),
        Paper(
            "sun2019hrnet",
            "Sun, K.; Zhao, Y.; Jiang, B.; et al.",
            "High-Resolution Representations for Labeling Pixels and Regions",
            "arXiv:1904.04514",
            2019,
        ),
        Paper(
            "sagonas2013ibug300w",
            "Sagonas, C.; Tzimiropoulos, G.; Zafeiriou, S.; Pantic, M.",
            "300 Faces in-the-Wild Challenge: The First Facial Landmark Localization Challenge",
            "ICCV Workshops",
            2013,
        ),
    )
}

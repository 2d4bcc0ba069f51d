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
        Paper(
            "wu2018wflw",
            "Wu, W.; Qian, C.; Yang, S.; et al.",
            "Look at Boundary: A Boundary-Aware Face Alignment Algorithm",
            "CVPR",
            2018,
        ),
        Paper(
            "burgosartizzu2013cofw",
            "Burgos-Artizzu, X. P.; Perona, P.; Dollár, P.",
            "Robust Face Landmark Estimation under Occlusion",
            "ICCV",
            2013,
        ),
        Paper(
            "zhu2016aflw",
            "Zhu, S.; Li, C.; Loy, C. C.; Tang, X.",
            "Unconstrained Face Alignment via Cascaded Compositional Learning",
            "CVPR",
            2016,
        ),
        Paper(
            "liu2020lapa",
            "Liu, Y.; Shi, H.; Shen, H.; et al.",
            "A New Dataset and Boundary-Attention Semantic Segmentation for Face Parsing",
            "AAAI",
            2020,
        ),
        Paper(
            "wolf2011youtube",
            "Wolf, L.; Hassner, T.; Maoz, I.",
            "Face Recognition in Unconstrained Videos with Matched Background Similarity",
            "CVPR",
            2011,
        ),
    )
}

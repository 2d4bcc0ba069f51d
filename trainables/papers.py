"""Bibliography: every key that a `Source:` tag or a table names."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Paper:
    """`authors`: "Last, F.; Last, F.; et al."; a name without a comma is an organisation's. `entry`: what it is to
    BibTeX, by its venue."""

    key: str
    authors: str
    title: str
    venue: str
    year: int
    entry: Literal["inproceedings", "article", "misc"] = "inproceedings"


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
            "feng2018wing",
            "Feng, Z.-H.; Kittler, J.; Awais, M.; Huber, P.; Wu, X.-J.",
            "Wing Loss for Robust Facial Landmark Localisation with Convolutional Neural Networks",
            "CVPR",
            2018,
        ),
        Paper(
            "wang2019awing",
            "Wang, X.; Bo, L.; Fuxin, L.",
            "Adaptive Wing Loss for Robust Face Alignment via Heatmap Regression",
            "ICCV",
            2019,
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
            "tieleman2012rmsprop",
            "Tieleman, T.; Hinton, G.",
            "Lecture 6.5: RMSProp, Divide the Gradient by a Running Average of Its Recent Magnitude",
            "Coursera: Neural Networks for Machine Learning",
            2012,
            entry="misc",
        ),
        Paper(
            "izmailov2018swa",
            "Izmailov, P.; Podoprikhin, D.; Garipov, T.; Vetrov, D.; Wilson, A. G.",
            "Averaging Weights Leads to Wider Optima and Better Generalization",
            "UAI",
            2018,
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
            entry="misc",
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
            "koestinger2011aflw",
            "Köstinger, M.; Wohlhart, P.; Roth, P. M.; Bischof, H.",
            "Annotated Facial Landmarks in the Wild: A Large-Scale, Real-World Database for Facial Landmark "
            "Localization",
            "ICCV Workshops",
            2011,
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
        Paper(
            "kozlowska2026hrmlff",
            "Kozłowska, J. M.; Chmielewski, D. J.; Mazurek, P. W.",
            "High-Resolution Multi-Level Feature Fusion Network for Robust Facial Landmark Detection",
            "JAAT",
            2026,
            entry="article",
        ),
        Paper(
            "platanios2019competence",
            "Platanios, E. A.; Stretcu, O.; Neubig, G.; Póczos, B.; Mitchell, T. M.",
            "Competence-based Curriculum Learning for Neural Machine Translation",
            "NAACL",
            2019,
        ),
        Paper(
            "hacohen2019curriculum",
            "Hacohen, G.; Weinshall, D.",
            "On The Power of Curriculum Learning in Training Deep Networks",
            "ICML",
            2019,
        ),
        Paper(
            "jin2020wholebody",
            "Jin, S.; Xu, L.; Xu, J.; et al.",
            "Whole-Body Human Pose Estimation in the Wild",
            "ECCV",
            2020,
        ),
        Paper(
            "liu2015celeba",
            "Liu, Z.; Luo, P.; Wang, X.; Tang, X.",
            "Deep Learning Face Attributes in the Wild",
            "ICCV",
            2015,
        ),
        Paper(
            "mmpose2020toolbox",
            "MMPose Contributors",
            "OpenMMLab Pose Estimation Toolbox and Benchmark",
            "github.com/open-mmlab/mmpose",
            2020,
            entry="misc",
        ),
        Paper(
            "shen2015ibug300vw",
            "Shen, J.; Zafeiriou, S.; Chrysos, G. G.; et al.",
            "The First Facial Landmark Tracking in-the-Wild Challenge: Benchmark and Results",
            "ICCV Workshops",
            2015,
        ),
        Paper(
            "wang2004ssim",
            "Wang, Z.; Bovik, A. C.; Sheikh, H. R.; Simoncelli, E. P.",
            "Image Quality Assessment: From Error Visibility to Structural Similarity",
            "IEEE Transactions on Image Processing",
            2004,
            entry="article",
        ),
        Paper(
            "itu2011bt601",
            "International Telecommunication Union",
            "Studio Encoding Parameters of Digital Television for Standard 4:3 and Wide Screen 16:9 Aspect Ratios",
            "Recommendation ITU-R BT.601-7",
            2011,
            entry="misc",
        ),
        Paper(
            "gower1975procrustes",
            "Gower, J. C.",
            "Generalized Procrustes Analysis",
            "Psychometrika",
            1975,
            entry="article",
        ),
        Paper(
            "ma2020dic",
            "Ma, C.; Jiang, Z.; Rao, Y.; Lu, J.; Zhou, J.",
            "Deep Face Super-Resolution with Iterative Collaboration between Attentive Recovery and Landmark "
            "Estimation",
            "CVPR",
            2020,
        ),
        Paper(
            "dong2018sbr",
            "Dong, X.; Yu, S.-I.; Weng, X.; Wei, S.-E.; Yang, Y.; Sheikh, Y.",
            "Supervision-by-Registration: An Unsupervised Approach to Improve the Precision of Facial Landmark "
            "Detectors",
            "CVPR",
            2018,
        ),
        Paper(
            "alabort2014menpo",
            "Alabort-i-Medina, J.; Antonakos, E.; Booth, J.; Snape, P.; Zafeiriou, S.",
            "Menpo: A Comprehensive Platform for Parametric Image Alignment and Visual Deformable Models",
            "ACM Multimedia",
            2014,
        ),
        Paper(
            "le2012helen",
            "Le, V.; Brandt, J.; Lin, Z.; Bourdev, L.; Huang, T. S.",
            "Interactive Facial Feature Localization",
            "ECCV",
            2012,
        ),
        Paper(
            "bao2023keyposs",
            "Bao, X.; Cheng, Z.-Q.; He, J.-Y.; et al.",
            "KeyPosS: Plug-and-Play Facial Landmark Detection through GPS-Inspired True-Range Multilateration",
            "ACM Multimedia",
            2023,
        ),
        Paper(
            "ledig2017srresnet",
            "Ledig, C.; Theis, L.; Huszár, F.; Caballero, J.; Cunningham, A.; Acosta, A.; Aitken, A.; Tejani, A.; "
            "Totz, J.; Wang, Z.; Shi, W.",
            "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network",
            "CVPR",
            2017,
        ),
        Paper(
            "wan2026sht",
            "Wan, J.; Yao, Y.; Lai, Z.; Zhou, J.; Hou, X.; Min, W.",
            "Supervision-by-Hallucination-and-Transfer: A Weakly-Supervised Approach for Robust and Precise Facial "
            "Landmark Detection",
            "preprint",
            2026,
            entry="misc",
        ),
        Paper(
            "bulat2017fan",
            "Bulat, A.; Tzimiropoulos, G.",
            "How Far Are We from Solving the 2D & 3D Face Alignment Problem? (and a Dataset of 230,000 3D Facial "
            "Landmarks)",
            "ICCV",
            2017,
        ),
        Paper(
            "jin2021pipnet",
            "Jin, H.; Liao, S.; Shao, L.",
            "Pixel-in-Pixel Net: Towards Efficient Facial Landmark Detection in the Wild",
            "IJCV",
            2021,
            entry="article",
        ),
        Paper(
            "zhong2020erasing",
            "Zhong, Z.; Zheng, L.; Kang, G.; Li, S.; Yang, Y.",
            "Random Erasing Data Augmentation",
            "AAAI",
            2020,
        ),
        Paper(
            "newell2016hourglass",
            "Newell, A.; Yang, K.; Deng, J.",
            "Stacked Hourglass Networks for Human Pose Estimation",
            "ECCV",
            2016,
        ),
        Paper(
            "zhang2020dark",
            "Zhang, F.; Zhu, X.; Dai, H.; Ye, M.; Zhu, C.",
            "Distribution-Aware Coordinate Representation for Human Pose Estimation",
            "CVPR",
            2020,
        ),
        Paper(
            "zhou2023star",
            "Zhou, Z.; Li, H.; Liu, H.; Wang, N.; Yu, G.; Ji, R.",
            "STAR Loss: Reducing Semantic Ambiguity in Facial Landmark Detection",
            "CVPR",
            2023,
        ),
        Paper(
            "dang2025dvit",
            "Dang, Z.; Li, J.; Liu, L.",
            "Cascaded Dual Vision Transformer for Accurate Facial Landmark Detection",
            "WACV",
            2025,
        ),
        Paper(
            "keys1981cubic",
            "Keys, R. G.",
            "Cubic Convolution Interpolation for Digital Image Processing",
            "IEEE Transactions on Acoustics, Speech, and Signal Processing",
            1981,
            entry="article",
        ),
        Paper(
            "zhu2019patn",
            "Zhu, Z.; Huang, T.; Shi, B.; Yu, M.; Wang, B.; Bai, X.",
            "Progressive Pose Attention Transfer for Person Image Generation",
            "CVPR",
            2019,
        ),
        Paper(
            "simonyan2015vgg",
            "Simonyan, K.; Zisserman, A.",
            "Very Deep Convolutional Networks for Large-Scale Image Recognition",
            "ICLR",
            2015,
        ),
        Paper(
            "goodfellow2014gan",
            "Goodfellow, I. J.; Pouget-Abadie, J.; Mirza, M.; Xu, B.; Warde-Farley, D.; Ozair, S.; Courville, A.; "
            "Bengio, Y.",
            "Generative Adversarial Nets",
            "NeurIPS",
            2014,
        ),
    )
}

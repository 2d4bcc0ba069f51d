"""Paper 001's own experiment, on its data, at its size: does its augmentation help, and is D-ViT better?

Feeds reports/tables/resnet18_1.py, the loss curves, and the figures of accuracy and of the mean square error. Needs the
300W archive of dlib (`marksweep data check ibug300w_xml`) and is meant for a GPU: each trial asks for a whole one, so
that one GPU runs the nine trials one after the other. `--set resources.gpus=0.5` runs two at a time on one GPU; `--set
resources.gpus=0` runs without, in days.
"""

from search_spaces.study import Study
from search_spaces.variants import Resources, Variant, ablate
from trainables.datasets.ibug300w_xml import Ibug300wXml
from trainables.methods.dvit import METHOD as DVIT
from trainables.methods.resnet18 import ResNet18
from trainables.paper_recipes import PAPER_001
from trainables.trial import Evaluation

ON_A_GPU = Resources(workers=0, cpus=2, gpus=1)

STUDY = Study(
    question="Does paper 001's augmentation help on 300W, and is D-ViT better, where training saw no mirrored twin?",
    variants=(
        *ablate(
            Variant(
                method=ResNet18(),
                data=Ibug300wXml(),
                recipe=PAPER_001,
                resources=ON_A_GPU,
                label="ResNet18",
            ),
            {"recipe.augmentation": (None,)},
        ),
        Variant(
            method=DVIT,
            data=Ibug300wXml(),
            recipe=type(DVIT).recipes()["paper"],
            resources=ON_A_GPU,
            label="D-ViT",
        ),
    ),
    seeds=(0, 1, 2),
    evaluations=(Evaluation(split="train"), Evaluation(split="val"), Evaluation(split="test")),
)

"""Paper 002 on COCO-WholeBody's faces: its five sizes of map and two encodings, read by every decoder.

Feeds the tables keyposs_2, keyposs_4, keyposs_5, keyposs_5_significance, keyposs_6 and keyposs_setup. Needs
COCO-WholeBody (`marksweep data check coco_wholebody`) and is meant for a GPU: each trial asks for a whole one; `--set
resources.gpus=0.5` runs two at a time on one. The paper begins with ImageNet's weights: `--set method.pretrained=FILE`;
its code learns for 1000 epochs: `--set recipe.epochs=1000`.
"""

from search_spaces.studies._keyposs import papers_own
from trainables.datasets.coco_wholebody import CocoWholebody
from trainables.transforms.augmentation import AUGMENTATIONS

STUDY = papers_own(CocoWholebody(), augmentation=AUGMENTATIONS["keyposs_coco"])

"""Paper 002 on WFLW: its five sizes of map and two encodings, read by every decoder.

Feeds the tables keyposs_2, keyposs_3, keyposs_4, keyposs_5, keyposs_5_significance, keyposs_6 and keyposs_setup. Needs
WFLW (`marksweep data check wflw`) and is meant for a GPU: each trial asks for a whole one; `--set resources.gpus=0.5`
runs two at a time on one. The paper begins with ImageNet's weights: `--set method.pretrained=FILE`; its code learns
WFLW for 1000 epochs: `--set recipe.epochs=1000`.
"""

from search_spaces.studies._keyposs import papers_own
from trainables.datasets.wflw import Wflw

STUDY = papers_own(Wflw())

"""Paper 002 on AFLW: its five sizes of map and two encodings, read by every decoder.

Feeds the tables keyposs_2, keyposs_3, keyposs_4, keyposs_5, keyposs_5_significance, keyposs_6 and keyposs_setup. Needs
AFLW (`marksweep data check aflw19`) and is meant for a GPU: each trial asks for a whole one; `--set resources.gpus=0.5`
runs two at a time on one. The paper begins with ImageNet's weights: `--set method.pretrained=FILE`.
"""

from search_spaces.studies._keyposs import papers_own
from trainables.datasets.aflw19 import Aflw19

# Errors are divided by the face's box, which is a fixed share of the crop; eye corners meet in profiles.
STUDY = papers_own(Aflw19(), monitor="val_mse")

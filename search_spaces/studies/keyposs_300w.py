"""Paper 002 on 300W: its five sizes of map and two encodings, read by every decoder.

Feeds the tables keyposs_2, keyposs_3, keyposs_4, keyposs_5, keyposs_5_significance, keyposs_6 and keyposs_setup; the
paper itself prints 64×64 alone. Tests on the full set, as the paper's code does; `keyposs_300w_private` tests the same
networks as its text says. Needs 300W (`marksweep data check ibug300w`) and is meant for a GPU: each trial asks for a
whole one; `--set resources.gpus=0.5` runs two at a time on one. The paper begins with ImageNet's weights: `--set
method.pretrained=FILE`.
"""

from search_spaces.studies._keyposs import papers_own
from trainables.datasets.ibug300w import Ibug300w

STUDY = papers_own(Ibug300w())

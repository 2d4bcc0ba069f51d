"""Paper 000 on 300W, tested on the common and challenging subsets: networks, and HR-MLFF with one setting changed.

Feeds the tables hrmlff_3_significance, hrmlff_3a, hrmlff_3b, hrmlff_3c, hrmlff_3d, hrmlff_4, hrmlff_6 and hrmlff_setup.
Needs 300W (`marksweep data check ibug300w`) and is meant for a GPU: each trial asks for a whole one; `--set
resources.gpus=0.5` runs two at a time on one. The paper's text speaks of these subsets, its numbers of pictures belong
to `hrmlff_300w_private`.
"""

from search_spaces.studies._hrmlff import papers_own
from trainables.datasets.ibug300w import Ibug300w

STUDY = papers_own(Ibug300w())

"""Paper 000 on COFW, whose faces are occluded: networks, and HR-MLFF with one setting changed.

Feeds the tables hrmlff_3_significance, hrmlff_3b, hrmlff_3c, hrmlff_3d, hrmlff_4, hrmlff_6, hrmlff_data and
hrmlff_setup. Needs COFW (`marksweep data check cofw`) and is meant for a GPU, see `hrmlff_300w`.
"""

from search_spaces.studies._hrmlff import papers_own
from trainables.datasets.cofw import Cofw

STUDY = papers_own(Cofw())

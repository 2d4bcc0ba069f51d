"""Paper 000 on WFLW: networks, and HR-MLFF with one setting changed, on each subset of hard faces.

Feeds the tables hrmlff_3_significance, hrmlff_3b, hrmlff_3c, hrmlff_3d, hrmlff_4, hrmlff_6, hrmlff_data and
hrmlff_setup. Needs WFLW (`marksweep data check wflw`) and is meant for a GPU, see `hrmlff_300w`.
"""

from search_spaces.studies._hrmlff import papers_own
from trainables.datasets.wflw import Wflw

STUDY = papers_own(Wflw())

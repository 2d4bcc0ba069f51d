"""Paper 000 on 300W, trained on its 3,837 pictures and tested on the 600 of the private test.

Feeds the tables hrmlff_3_significance, hrmlff_3a, hrmlff_3c, hrmlff_3d, hrmlff_4, hrmlff_6, hrmlff_data and
hrmlff_setup. Needs 300W (`marksweep data check ibug300w --set protocol=private`) and is meant for a GPU, see
`hrmlff_300w`.
"""

from search_spaces.studies._hrmlff import papers_own
from trainables.datasets.ibug300w import Ibug300w

STUDY = papers_own(Ibug300w(protocol="private"))

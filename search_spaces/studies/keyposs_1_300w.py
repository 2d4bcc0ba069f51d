"""Paper 002's Table 1 on 300W: what decoders lose on the maps of the truth of its test photographs.

Feeds the table keyposs_1. Needs 300W (`marksweep data check ibug300w`).
"""

from search_spaces.studies._keyposs import maps_of_truth
from trainables.datasets.ibug300w import Ibug300w

STUDY = maps_of_truth(Ibug300w())

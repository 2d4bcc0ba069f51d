"""Paper 002's Table 1 on real faces: what decoders lose on the maps of the truth of ytf68.

Feeds the table keyposs_1. The landmarks of this data set are whole px of its pictures, and the faces are small.
"""

from search_spaces.studies._keyposs import maps_of_truth
from trainables.datasets.ytf68 import Ytf68

STUDY = maps_of_truth(Ytf68())

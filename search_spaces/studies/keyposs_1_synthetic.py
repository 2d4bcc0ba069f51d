"""Paper 002's Table 1 on rendered faces: what decoders lose on the maps of the truth where it is exact.

Feeds the table keyposs_1. Needs no files.
"""

from search_spaces.studies._keyposs import maps_of_truth
from trainables.datasets.synthetic import Synthetic

STUDY = maps_of_truth(Synthetic())

"""Paper 002's Table 1: what decoders lose on the maps of the truth, at points drawn at random.

Feeds the table keyposs_1, whose deviation from the paper is of these points. Needs no files; a minute on two cores.
"""

from search_spaces.studies._keyposs import maps_of_truth
from trainables.datasets.scattered import Scattered

STUDY = maps_of_truth(Scattered())

"""Paper 002's small maps on real photographs of other persons, read by every decoder.

Feeds the tables keyposs_2, keyposs_3, keyposs_4, keyposs_5, keyposs_5_significance, keyposs_6 and keyposs_setup. Eight
epochs in half precision, so that two cores finish three seeds in two hours; the paper's own size is `keyposs_wflw`.
"""

from search_spaces.studies._keyposs import quick, sizes_and_encodings
from trainables.datasets.ytf68 import Ytf68

STUDY = sizes_and_encodings(Ytf68(), quick(epochs=8, warmup=100), sizes=(16, 8, 4))

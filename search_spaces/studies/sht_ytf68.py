"""Paper 003 made small, on real photographs of other persons: faces of 16×16 px restored to 64, and their landmarks.

Feeds the tables sht_1, sht_5, sht_setup and sht_time. Few channels, few epochs in half precision, two seeds: for two
cores and an hour and a half; the unlabelled faces are other frames of the persons that are trained on. The paper's own
size is `sht_celeba`.
"""

from search_spaces.studies._sht import Pool, quick, small
from trainables.datasets.ytf68 import Ytf68

STUDY = small(Ytf68(), Pool("-v", Ytf68(unlabelled=True)), quick(epochs=4), seeds=(0, 1))

"""Paper 000 made small, on real photographs of other persons: networks, and HR-MLFF with one setting changed.

Feeds the tables hrmlff_3_significance, hrmlff_3a, hrmlff_3b, hrmlff_3c, hrmlff_3d, hrmlff_4, hrmlff_6 and hrmlff_setup.
Faces of 64×64 px, few channels and three epochs in half precision, for two cores and an hour and a half; the paper's
own size is `hrmlff_300w`.
"""

from search_spaces.studies._hrmlff import SMALL_NETWORKS, networks_and_ablations, quick
from trainables.datasets.ytf68 import Ytf68

STUDY = networks_and_ablations(Ytf68(), quick(epochs=3), SMALL_NETWORKS, perturbations=("gaussian_noise",))

"""Paper 000 made small, on rendered faces: networks, and HR-MLFF with one setting changed. Needs no files.

Feeds the tables hrmlff_3_significance, hrmlff_3a, hrmlff_3b, hrmlff_3c, hrmlff_3d, hrmlff_4, hrmlff_6 and hrmlff_setup.
See `hrmlff_ytf68`.
"""

from search_spaces.studies._hrmlff import SMALL_NETWORKS, networks_and_ablations, quick
from trainables.datasets.synthetic import Synthetic

STUDY = networks_and_ablations(
    Synthetic(train=1000, val=100, test=200),
    quick(epochs=10),
    SMALL_NETWORKS,
    perturbations=("gaussian_noise", "motion_blur"),
)

"""Which weights of SHT's terms are best? Paper 003 gives weights for its five data sets alike.

Each point starts from the same DHLN and FPTN, which are trained once. Feeds reports/tables/search_overview.py and the
figures of searches. Needs HELEN (`marksweep data check helen`) and is meant for GPUs; `--small` searches on small
networks and rendered faces, for two cores and minutes.
"""

from dataclasses import replace

from search_spaces.search import Search
from search_spaces.spaces.sht_weights import space
from search_spaces.stopping import Median
from search_spaces.studies._sht import (
    DHLN,
    FPTN,
    ON_A_GPU,
    SMALL_DHLN,
    SMALL_FPTN,
    SMALL_WEIGHT,
    Chain,
    of_size,
    quick,
)
from search_spaces.studies.sht_helen import TRAINING_FACES
from search_spaces.variants import Resources
from trainables.datasets.helen import Helen
from trainables.datasets.synthetic import Synthetic

OURS = Chain(Helen(), DHLN, FPTN, of_size(TRAINING_FACES), ON_A_GPU).joint()
STUDY = Search(
    question="Which weights of pictures, edges and pose transfer find landmarks best with SHT?",
    base=OURS,
    space=space(OURS),
    trials=40,
    stopping=Median(min_epochs=OURS.recipe.epochs // 3),
)

FACES = Synthetic(train=96, val=16, test=24)
QUICK = Chain(FACES, SMALL_DHLN, SMALL_FPTN, quick(epochs=2), Resources(), transfer_weight=SMALL_WEIGHT).joint()
SMALL = replace(STUDY, base=QUICK, space=space(QUICK), trials=8, stopping=None, confirm=(1, 2))

"""Paper 003 made small, on rendered faces, which need no files: all its stages in a few minutes of two cores.

Feeds the tables sht_1, sht_5, sht_setup and sht_time. The unlabelled faces are other rendered ones, whose landmarks are
hidden.
"""

from search_spaces.studies._sht import Pool, quick, small
from trainables.datasets.synthetic import Synthetic

OTHERS = Synthetic(seed=1, train=96, val=8, test=8)
STUDY = small(Synthetic(train=96, val=16, test=24), Pool("-v", OTHERS, pairs="image"), quick(epochs=2), seeds=(0, 1))

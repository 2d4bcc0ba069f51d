"""Paper 002's smallest maps on rendered faces, read by every decoder: a first look that needs no files.

Feeds the tables keyposs_2, keyposs_3, keyposs_4, keyposs_5, keyposs_5_significance, keyposs_6 and keyposs_setup. Two
epochs, so that two cores finish it in a few minutes: enough to see which decoder reads what there is, not to learn
faces; real photographs are in `keyposs_ytf68`.
"""

from search_spaces.studies._keyposs import quick, sizes_and_encodings
from trainables.datasets.synthetic import Synthetic

STUDY = sizes_and_encodings(Synthetic(), quick(epochs=2, warmup=20), sizes=(8, 4))

"""Paper 003 on Helen: faces of 16×16 px restored to 128, and their landmarks.

Feeds the tables sht_1, sht_5, sht_data, sht_setup and sht_time. Needs Helen (`marksweep data check helen`) and the
videos of 300VW as unlabelled faces (`marksweep data check ibug300vw`), and is meant for a GPU: each trial asks for a
whole one.
"""

from search_spaces.studies._sht import Pool, of_size, super_resolution
from trainables.datasets.helen import Helen
from trainables.datasets.ibug300vw import Ibug300vw

TRAINING_FACES = 1_805  # nine tenths of 2,005; the others validate
STUDY = super_resolution(Helen(), of_size(TRAINING_FACES), Pool("-v", Ibug300vw(labelled=False)))

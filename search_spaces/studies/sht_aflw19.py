"""Paper 003 on AFLW: landmarks from faces of 64×64 px that are restored to 256.

Feeds the tables sht_3, sht_data, sht_setup and sht_time. Needs AFLW, CelebA and 300VW (`marksweep data check aflw19`,
`celeba`, `ibug300vw`), and is meant for a GPU: each trial asks for a whole one.
"""

from search_spaces.studies._sht import Pool, precise_landmarks
from trainables.datasets.aflw19 import Aflw19
from trainables.datasets.celeba import Celeba
from trainables.datasets.ibug300vw import Ibug300vw

STUDY = precise_landmarks(Aflw19(), (Pool("-i", Celeba(), pairs="image"), Pool("-v", Ibug300vw(labelled=False))))

"""Paper 003 on WFLW: landmarks from faces of 64×64 px that are restored to 256.

Feeds the tables sht_4, sht_data, sht_setup and sht_time. Needs WFLW, CelebA and 300VW (`marksweep data check wflw`,
`celeba`, `ibug300vw`), and is meant for a GPU: each trial asks for a whole one.
"""

from search_spaces.studies._sht import Pool, precise_landmarks
from trainables.datasets.celeba import Celeba
from trainables.datasets.ibug300vw import Ibug300vw
from trainables.datasets.wflw import Wflw

STUDY = precise_landmarks(Wflw(), (Pool("-i", Celeba(), pairs="image"), Pool("-v", Ibug300vw(labelled=False))))

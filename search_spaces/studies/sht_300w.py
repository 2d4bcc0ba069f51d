"""Paper 003 on 300W: landmarks from faces of 64×64 px that are restored to 256, with unlabelled faces of four sources.

Feeds the tables sht_2, sht_6, sht_data, sht_setup and sht_time. Needs 300W, CelebA, 300VW, AFLW and frames of YouTube
Faces (`marksweep data check ibug300w`, `celeba`, `ibug300vw`, `aflw19`, `frames`), and is meant for a GPU: each trial
asks for a whole one.
"""

from search_spaces.studies._sht import Pool, precise_landmarks
from trainables.datasets.aflw19 import Aflw19
from trainables.datasets.celeba import Celeba
from trainables.datasets.frames import Frames
from trainables.datasets.ibug300vw import Ibug300vw
from trainables.datasets.ibug300w import Ibug300w

STUDY = precise_landmarks(
    Ibug300w(),
    (
        Pool("-i", Celeba(), pairs="image"),
        Pool("-v", Ibug300vw(labelled=False)),
        Pool(" (+YouTube-Face)", Frames()),
        Pool(" (+AFLW)", Aflw19(), pairs="image"),
    ),
)

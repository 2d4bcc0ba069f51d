"""Paper 002 on the private test of 300W, which its text describes: the networks of `keyposs_300w`, on 600 other faces.

Feeds the tables keyposs_3, keyposs_4, keyposs_5 and keyposs_5_significance. Trains nothing that `keyposs_300w` does
not, and asks for a GPU as that does. Needs 300W with its private test (`marksweep data check ibug300w --set
protocol=private_3148`).
"""

from dataclasses import replace

from search_spaces.studies.keyposs_300w import STUDY as FULL
from trainables.datasets.ibug300w import Ibug300w

# Not `private`, which counts the faces of the full test among those that train.
PRIVATE = Ibug300w(protocol="private_3148")

STUDY = replace(
    FULL,
    question="How should a face's heatmaps be read, the smaller they are, on the private test of 300W?",
    # Beside the full test they could not be told apart: reports know a measurement of a study by its split.
    evaluations=tuple(replace(one, data=PRIVATE) if one.split == "test" else one for one in FULL.evaluations),
)

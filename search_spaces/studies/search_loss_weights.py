"""Which weights of HR-MLFF's loss are best? Paper 000 names the terms and prints no weights.

Feeds reports/tables/search_overview.py and the figures of searches. Needs 300W (`marksweep data check ibug300w`) and is
meant for GPUs; `--small` searches on small networks and real photographs, for two cores and half an hour.
"""

from dataclasses import replace

from search_spaces.search import Search
from search_spaces.spaces.loss_weights import space
from search_spaces.stopping import Asha
from search_spaces.studies._hrmlff import NETWORKS, ON_A_GPU, SMALL_NETWORKS, quick
from search_spaces.variants import Variant
from trainables.datasets.ibug300w import Ibug300w
from trainables.datasets.ytf68 import Ytf68
from trainables.paper_recipes import PAPER_000

DATA = Ibug300w()
OURS = Variant(
    label="HR-MLFF",
    method=NETWORKS["HR-MLFF"],
    data=DATA,
    recipe=replace(PAPER_000, crop=DATA.CROP),
    resources=ON_A_GPU,
)
STUDY = Search(
    question="Which weights of the terms of HR-MLFF's loss find landmarks best?",
    base=OURS,
    space=space(OURS),
    trials=60,
    # An average of weights is what is validated from epoch 112 on: the last rung lies before it.
    stopping=Asha(min_epochs=12, factor=3),
)

QUICK = Variant(label="HR-MLFF", method=SMALL_NETWORKS["HR-MLFF"], data=Ytf68(), recipe=quick(epochs=3))
SMALL = replace(STUDY, base=QUICK, space=space(QUICK), trials=16, stopping=Asha(min_epochs=1, factor=3))

"""Which parts of HR-MLFF are worth having together? Its ablation takes one away at a time; this tries all eight.

Feeds reports/tables/search_overview.py and the figures of searches. Needs 300W (`marksweep data check ibug300w`) and is
meant for GPUs; `--small` searches on small networks and rendered faces, for two cores and minutes.
"""

from dataclasses import replace

from search_spaces.search import Search
from search_spaces.spaces.fusion import space
from search_spaces.studies._hrmlff import SMALL_NETWORKS, quick
from search_spaces.studies.search_loss_weights import OURS
from search_spaces.variants import Variant
from trainables.datasets.synthetic import Synthetic

STUDY = Search(
    question="Which of fusion, embedding and modulation find landmarks best together?",
    base=OURS,
    space=space(OURS),
    trials=8,
    stopping=None,  # eight points: each is seen whole
)

QUICK = Variant(
    label="HR-MLFF",
    method=SMALL_NETWORKS["HR-MLFF"],
    data=Synthetic(train=300, val=60, test=100),
    recipe=quick(epochs=4),
)
SMALL = replace(STUDY, base=QUICK, space=space(QUICK))

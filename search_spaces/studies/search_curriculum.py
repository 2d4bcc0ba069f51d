"""In which order should HR-MLFF see faces, and should the last epochs' weights be averaged?

Feeds reports/tables/search_overview.py and the figures of searches. Needs 300W (`marksweep data check ibug300w`) and is
meant for GPUs; `--small` searches on small networks and rendered faces, for two cores and minutes.
"""

from dataclasses import replace

from search_spaces.search import Search
from search_spaces.spaces.curriculum import space
from search_spaces.stopping import Median
from search_spaces.studies.search_fusion import QUICK
from search_spaces.studies.search_loss_weights import OURS

STUDY = Search(
    question="Which curriculum is best for HR-MLFF, and does averaging make up for it?",
    base=OURS,
    space=space(OURS),
    trials=60,
    # A curriculum is worse at first, by intent: no rung, but a comparison once most faces are open.
    stopping=Median(min_epochs=OURS.recipe.epochs // 2),
)

SMALL = replace(STUDY, base=QUICK, space=space(QUICK), trials=12, stopping=Median(min_epochs=3))

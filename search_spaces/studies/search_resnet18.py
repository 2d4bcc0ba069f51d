"""How should ResNet18 be optimised? Paper 001 says "Adam with learning rate scheduling" and prints no numbers.

Feeds reports/tables/search_overview.py and the figures of searches. Needs the 300W archive of dlib (`marksweep data
check ibug300w_xml`) and is meant for GPUs; `--small` searches on rendered faces, for two cores and minutes.
"""

from dataclasses import replace

from search_spaces.search import Search
from search_spaces.spaces.optimization import space
from search_spaces.stopping import Asha
from search_spaces.variants import Resources, Variant
from trainables.datasets.ibug300w_xml import Ibug300wXml
from trainables.datasets.synthetic import Synthetic
from trainables.methods.resnet18 import ResNet18
from trainables.paper_recipes import PAPER_001

OURS = Variant(
    label="ResNet18",
    method=ResNet18(),
    data=Ibug300wXml(),
    recipe=PAPER_001,
    resources=Resources(workers=0, cpus=2, gpus=1),
)
STUDY = Search(
    question="Which optimisation finds landmarks best with ResNet18?",
    base=OURS,
    space=space(OURS),
    trials=60,
    stopping=Asha(min_epochs=4, factor=3),
)

QUICK = Variant(
    label="ResNet18",
    method=ResNet18(input_size=64, width=16),
    data=Synthetic(train=300, val=60, test=100),
    recipe=replace(PAPER_001, epochs=9, batch_size=16),
)
SMALL = replace(STUDY, base=QUICK, space=space(QUICK), trials=20, stopping=Asha(min_epochs=1, factor=3))

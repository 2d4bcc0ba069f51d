"""Paper 002's small maps on real photographs of other persons, read by every decoder.

Feeds the tables keyposs_3, keyposs_4 and keyposs_5. Eight epochs in half precision, so that two cores finish three
seeds in two hours; the paper's own size is `keyposs_wflw`.
"""

from dataclasses import replace

from search_spaces.studies._keyposs import sizes_and_encodings
from trainables.datasets.ytf68 import Ytf68
from trainables.methods.keyposs import LEAST_LR, PAPER_RECIPE
from trainables.recipe import Adam, Cosine, Warmup

STUDY = sizes_and_encodings(
    Ytf68(),
    replace(
        PAPER_RECIPE,
        epochs=8,
        batch_size=16,
        optimizer=Adam(lr=1e-3),
        schedule=Cosine(min_lr=LEAST_LR),
        warmup=Warmup(iterations=100),
        precision="bfloat16",
    ),
    sizes=(16, 8, 4),
)

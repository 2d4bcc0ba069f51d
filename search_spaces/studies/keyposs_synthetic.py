"""Paper 002's smallest maps on rendered faces, read by every decoder: a first look that needs no files.

Feeds the tables keyposs_4 and keyposs_5. Two epochs, so that two cores finish it in a few minutes: enough to see which
decoder reads what there is, not to learn faces; real photographs are in `keyposs_ytf68`.
"""

from dataclasses import replace

from search_spaces.studies._keyposs import sizes_and_encodings
from trainables.datasets.synthetic import Synthetic
from trainables.methods.keyposs import LEAST_LR, PAPER_RECIPE
from trainables.recipe import Adam, Cosine, Warmup

STUDY = sizes_and_encodings(
    Synthetic(),
    replace(
        PAPER_RECIPE,
        epochs=2,
        batch_size=16,
        optimizer=Adam(lr=1e-3),
        schedule=Cosine(min_lr=LEAST_LR),
        warmup=Warmup(iterations=20),
        precision="bfloat16",
    ),
    sizes=(8, 4),
)

"""Paper 000's implementation details: how its networks are trained, published and ours.

Source: kozlowska2026hrmlff (its Implementation Details).
"""

from reports import declared, hrmlff, paper_studies
from reports.declared import Setting
from reports.document import Note, Table
from reports.query import Results

STUDIES = hrmlff.STUDIES

SETTINGS = (
    Setting(title="Faces in a batch", published="batch_size", path="recipe.batch_size"),
    Setting(title="Learning rate", published="initial_lr", path="recipe.optimizer.lr"),
    Setting(title="Epochs", published="epochs", path="recipe.epochs"),
    Setting(title="Gradient norm", published="grad_clip", path="recipe.clip_norm"),
    Setting(title="Rotation, ± °", published="rotation", path="recipe.augmentation.rotation_deg"),
    Setting(title="Scaling, ± %", published="scaling", path="recipe.augmentation.scale", times=100.0),
    Setting(title="Input, px", published="input_size", path="method.input_size"),
)
NOTES = (
    Note(
        "a",
        "Adam with its own β; the rate falls as a cosine. The paper says neither when the averaging of weights begins "
        "nor how much of the training set is easy; those of ours are our choice.",
    ),
)


def wants(label: str, way: tuple[str, str, str]) -> bool:
    """The networks of a study share its recipe: HR-MLFF stands for all."""
    return label == hrmlff.BASELINE and paper_studies.is_plain(way)


def build(results: Results) -> Table:
    return Table(
        name="hrmlff_setup",
        title="How HR-MLFF and its rivals are trained",
        caption="Paper 000, implementation details: settings of training, as published and as our trials declare them. "
        "All networks of a study have one recipe.",
        columns=tuple(one.column for one in SETTINGS),
        rows=(
            *declared.published_rows("000", "Implementation Details", SETTINGS, marks=("a",)),
            *(declared.our_row(results, data, hrmlff.BASELINE, SETTINGS) for data in hrmlff.DATA_SETS),
        ),
        notes=NOTES,
    )

"""Paper 003's implementation details: weights of losses and augmentation, published and ours.

Source: wan2026sht (its Implementation Details).
"""

from reports import declared, paper_studies, sht
from reports.declared import Setting
from reports.document import Note, Table
from reports.query import Results

DATA_SETS = (*sht.OF_SMALL_FACES, *sht.OF_LARGE_FACES)
STUDIES = tuple(data.study for data in DATA_SETS)

SETTINGS = (
    Setting(title="γ₁, landmarks", published="gamma1", path="method.landmark_weight"),
    Setting(title="γ₂, pictures", published="gamma2", path="method.picture_weight"),
    Setting(title="γ₃, gradients", published="gamma3", path="method.gradient_weight"),
    Setting(title="λ₁, adversary", published="lambda1", path="method.transfer.adversarial_weight"),
    Setting(title="λ₂, pictures", published="lambda2", path="method.transfer.picture_weight"),
    Setting(title="λ₃, features", published="lambda3", path="method.transfer.perceptual_weight"),
    Setting(title="All of transfer", published="", path="method.transfer.weight"),
    Setting(title="Faces or pairs in a batch", published="batch_size", path="recipe.batch_size"),
    Setting(title="Rotation", published="rotation", path="recipe.augmentation.rotation_deg", form="±{:g}°"),
    Setting(title="Scale", published="scale", path="recipe.augmentation.scale", form="1 ± {:g}"),
    Setting(title="Learning rate", published="", path="recipe.optimizer.lr"),
    Setting(title="Epochs", published="", path="recipe.epochs"),
)
NOTES = (
    Note("a", sht.NOTHING_ON_TRAINING),
    Note("b", "The paper counts faces; 16 of them are 8 pairs, and ours count pairs where a network transfers poses."),
    Note(
        "c",
        "On small networks pose transfer has a hundredth of its weight: what it learns in so few steps is too little "
        "to lead the landmarks.",
    ),
)
LABELS = ("SHT", "SHT-M")


def wants(label: str, way: tuple[str, str, str]) -> bool:
    """SHT has all of the weights."""
    return label in LABELS and paper_studies.is_plain(way)


def build(results: Results) -> Table:
    small, large = LABELS
    return Table(
        name="sht_setup",
        title="How SHT is trained",
        caption="Paper 003, implementation details: weights of the losses, augmentation and length of training, as "
        "published and as our trials declare them, of the stage that joins hallucination and pose transfer.",
        columns=tuple(one.column for one in SETTINGS),
        rows=(
            *declared.published_rows("003", "Implementation Details", SETTINGS, marks=("a", "b")),
            *(
                declared.our_row(
                    results,
                    data,
                    large if data in sht.OF_LARGE_FACES else small,
                    SETTINGS,
                    marks=("c",) if data in (sht.YTF68, sht.SYNTHETIC) else (),
                )
                for data in DATA_SETS
            ),
        ),
        notes=NOTES,
    )

"""Whether a trial can be trained on the faces that it was given, before it starts."""

from trainables.dataset import LABELLED_SPLITS, DataError, Dataset
from trainables.faces import Faces
from trainables.second_views import have_pairs
from trainables.trial import Trial


def check_faces(trial: Trial, faces: Faces, unlabelled: Faces | None, workers: int) -> None:
    """Raises `DataError` where a split that training needs is empty, no face can be paired with another frame though
    the recipe says so, or the pool of unlabelled faces is empty or has persons who are validated or tested on."""
    kind = trial.data.kind
    for split, purpose in (("train", "to learn from"), ("val", "to select the weights by")):
        if not len(faces.rows[split]):
            raise DataError(f"Data set {kind!r} has no readable {split} face {purpose}. Add some to its list.")
    if len(faces.rows["train"]) < workers:
        raise DataError(
            f"Data set {kind!r} has fewer train faces than the {workers} workers. Set resources.workers to fewer."
        )
    if unlabelled is not None and trial.unlabelled is not None and not len(unlabelled.pool):
        raise DataError(
            f"Data set {trial.unlabelled.kind!r} has no readable face to learn from without landmarks. Take another "
            "one, or set recipe.unlabelled to 0 and unlabelled to none."
        )
    pairs = trial.recipe.pairs
    learned_from = [(faces, faces.rows["train"]), *([] if unlabelled is None else [(unlabelled, unlabelled.pool)])]
    if pairs is not None and pairs.source == "video" and not any(have_pairs(*each) for each in learned_from):
        raise DataError(
            f"Data set {kind!r} has no two readable train faces of one video to pair. "
            "Set pairs.source to 'image', or take a data set of videos."
        )
    if unlabelled is not None and trial.unlabelled is not None and _name_alike(trial.data, trial.unlabelled):
        judged = {str(faces.groups[int(row)]) for split in LABELLED_SPLITS[1:] for row in faces.rows[split]}
        both = sorted(judged & {str(unlabelled.groups[int(row)]) for row in unlabelled.pool})
        if both:
            raise DataError(
                f"{len(both)} groups of the unlabelled {trial.unlabelled.kind} are validated or tested on, such as "
                f"{both[0]!r}. Take a pool of training persons only."
            )


def _name_alike(one: Dataset, other: Dataset) -> bool:
    """Whether a group of the same name is the same person, video or picture in both."""
    return one.kind == other.kind or (bool(one.ORIGIN) and one.ORIGIN == other.ORIGIN)

"""What a trial's network and its training cost, counted without training."""

from functools import lru_cache, partial

from trainables.complexity import complexity, operations_of_training
from trainables.method import Method
from trainables.schemes import Scheme
from trainables.trial import Trial


def complexity_of(trial: Trial) -> dict[str, int]:
    """What a trial's network and its training cost. Here and not in the trials, because the first count in a process
    takes a second."""
    counted = _counted(trial.method, trial.data.scheme)
    if not counted:
        return {}
    faces = 1 + trial.recipe.unlabelled / trial.recipe.batch_size  # for each labelled one
    return counted | {"training_macs": round(faces * counted["training_macs"])}


@lru_cache
def _counted(method: Method, scheme: Scheme) -> dict[str, int]:
    """`training_macs` is of one face, labelled or not."""
    try:
        parameters, macs = complexity(partial(method.build, scheme), method.input_size)
        # Where one view is all that is looked at, training is three forward passes: counting it would take long.
        training_macs = operations_of_training(method, scheme) if method.moves_faces else macs
        return {"parameters": parameters, "macs": macs, "training_macs": training_macs}
    except Exception:
        # A bug in the method: its trials fail with it, alone, and record where it is.
        return {}

"""What killed commands of this host have left in a storage is cleared away before the next one begins."""

from orchestrator.leases import Leases, leased
from orchestrator.recorder import state_of
from orchestrator.schema import State
from orchestrator.storage import Storage
from trainables.checkpoints import delete_checkpoints
from trainables.whole_files import delete_left_overs


def tidy(storage: Storage) -> None:
    """Their leases and half-written files, and the checkpoints of trials that they had trained to the end."""
    storage.sweep()
    own = Leases(storage)
    for name in leased(storage):
        if own.take_from_the_dead(name):
            if state_of(storage, name) is State.FINISHED:
                delete_checkpoints(storage.trial_folder(name))
                delete_left_overs(storage.filesystem, storage.trial(name), is_owned=True)
            own.release(name)

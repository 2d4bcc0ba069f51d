"""How many trials are in which state."""

from collections import Counter
from collections.abc import Iterable

from orchestrator.schema import State
from reports.document import Progress

TO_RUN = "to run"  # asked for, not yet in the ledger

# What a search stopped early goes on where somebody asks for the whole of it.
NAMES = {State.FINISHED: "done", State.RUNNING: "running", State.PRUNED: "running", TO_RUN: "to_run"}
OF_SEARCH = NAMES | {State.PRUNED: "stopped"}


def progress_of(states: Iterable[str], of_search: Iterable[str] = ()) -> Progress:
    """`states` are each a `State` or TO_RUN; `of_search` those of a search's points."""
    names = [NAMES.get(state, "failed") for state in states]
    return Progress(**Counter([*names, *(OF_SEARCH.get(state, "failed") for state in of_search)]))

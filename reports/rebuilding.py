"""Write a report again whenever the ledger has changed, until nothing of what it shows is left."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from orchestrator.board import FAILED, Board
from orchestrator.errors import one_line
from orchestrator.ledger import Ledger
from orchestrator.storage import Storage
from orchestrator.watching import Watched, is_over

# Trials are finished before they are measured: what was written a moment ago may have a sequel.
_QUIET_SECONDS = 60.0


def rebuild(
    ledger: Ledger,
    studies: Sequence[str | None],
    files: Sequence[Path],
    build: Callable[[bool], None],
    every: float,
    tell: Callable[[str], None],
) -> None:
    """Build now, and again at each change of the ledger or of a user's own `files`.

    `studies` are those that are shown; None stands for all. `build` hears whether more will come. Ends like `status
    --watch`, when nothing of the studies is left, or with Ctrl-C. What cannot be built (ValueError, OSError) is told
    and tried again at the next change; the first time it is raised.
    """
    with suppress(KeyboardInterrupt):
        watched = [Watched(ledger, study) for study in studies]
        stamps, boards = _stamps(ledger.storage, files), _look(watched)
        has_more = not _has_ended(boards, stamps)
        began = time.monotonic()
        build(has_more)
        tell(f"built: {_how_far(boards)}")
        while has_more:
            time.sleep(max(every, time.monotonic() - began))  # trials shall have most of the machine
            began = time.monotonic()
            try:
                now, boards = _stamps(ledger.storage, files), _look(watched)
                has_more = not _has_ended(boards, now)
                if now != stamps or not has_more:
                    stamps = now
                    build(has_more)
                    tell(f"rebuilt: {_how_far(boards)}")
            except (ValueError, OSError) as error:
                has_more = True
                tell(f"not rebuilt, it is tried again at the next change: {one_line(str(error))}")


def _look(watched: Sequence[Watched]) -> list[Board]:
    return [one.look()[0] for one in watched]


def _has_ended(boards: Sequence[Board], stamps: dict[str, str]) -> bool:
    last = max((int(stamp.split()[0]) for stamp in stamps.values()), default=0) / 1e9
    return all(map(is_over, boards)) and time.time() - last > _QUIET_SECONDS


def _how_far(boards: Sequence[Board]) -> str:
    counts = {"running": ("running",), "failed": FAILED, "silent": ("silent",)}
    found = {words: sum(board.count(*states) for board in boards) for words, states in counts.items()}
    done = sum(board.count("finished") for board in boards)
    words = [f"{done} of {sum(board.total for board in boards)} trials done"]
    return ", ".join(words + [f"{number} {name}" for name, number in found.items() if number])


def _stamps(storage: Storage, files: Sequence[Path]) -> dict[str, str]:
    """What changes with the ledger or with the files: when each was written, in ns, and its size."""
    found = storage.stamps([f"{storage.trial(name)}/trial.parquet" for name in storage.names("trials")])
    found |= storage.stamps([f"{storage.evaluation(one)}/evaluation.parquet" for one in storage.names("evaluations")])
    found |= storage.stamps([f"{storage.root}/studies/{name}" for name in storage.names("studies")])
    own = {str(file): file.stat() for file in files if file.is_file()}
    return found | {path: f"{stat.st_mtime_ns} {stat.st_size}" for path, stat in own.items()}

"""What killed processes have left is cleared away, and nothing of the living."""

import multiprocessing
import tempfile
from pathlib import Path

from orchestrator.leases import Leases, leased
from orchestrator.schema import State
from orchestrator.scratch import scratch_folder
from orchestrator.storage import Storage
from orchestrator.tidying import tidy
from trainables.process_name import own_name


def _left_by_a_killed_command(storage: Storage, trials: list[str]) -> str:
    """Its name; it has leases of these trials."""
    reader, writer = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_hold, args=(storage, trials, writer))
    process.start()
    name = reader.recv()
    process.kill()
    process.join()
    return name


def _hold(storage: Storage, trials: list[str], writer) -> None:
    with Leases(storage) as own:
        for trial in trials:
            own.take(trial)
        writer.send(own_name())
        multiprocessing.Event().wait()


def test_leases_and_halves_and_checkpoints_that_nobody_will_read_go_and_all_else_stays(storage, record):
    for trial, state in (("done", State.FINISHED), ("begun", State.RUNNING), ("other", State.FINISHED)):
        record(trial, state)
        (Path(storage.trial(trial)) / "epoch-00003").mkdir()
    dead = _left_by_a_killed_command(storage, ["done", "begun", "never begun"])
    for path in (storage.study("demo"), f"{storage.trial('done')}/trial.parquet", storage.lease("done")):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(f"{path}.{dead}.partial").write_text("half")
    living = Path(f"{storage.study('demo')}.{own_name()}.partial")
    living.write_text("half")
    with Leases(storage) as own:
        assert own.take("of the living")
        tidy(storage)
        assert leased(storage) == sorted([f"command~{own_name()}", "of the living"])
        assert own.holds("of the living")
    assert [path.parent.name for path in sorted(Path(storage.root).glob("trials/*/epoch-*"))] == ["begun", "other"]
    assert list(Path(storage.root).rglob("*.partial")) == [living]


def test_a_scratch_folder_goes_with_its_block_and_takes_those_of_the_killed_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    process = multiprocessing.get_context("fork").Process(target=_scratch_for_ever)
    process.start()
    while not list(tmp_path.iterdir()):
        pass
    with scratch_folder() as folder:
        assert len(list(tmp_path.iterdir())) == 2
    assert not Path(folder).exists()
    (left,) = tmp_path.iterdir()
    process.kill()
    process.join()
    with scratch_folder():
        assert left.exists()
    assert list(tmp_path.iterdir()) == []


def _scratch_for_ever() -> None:
    with scratch_folder():
        multiprocessing.Event().wait()

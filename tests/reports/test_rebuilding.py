"""A report that is written again while trials run."""

import os
import time
from pathlib import Path

import pytest

from orchestrator.ledger import Ledger
from reports import rebuilding
from reports.rebuilding import rebuild
from tests.reports.saving import save

LONG_AGO = time.time() - 3600


class Watching:
    """What a watch did, with a clock that only moves between looks: then `happens` is called with their number."""

    def __init__(self, monkeypatch, ledger, folder: Path) -> None:
        self.fake, self.folder = ledger, folder
        self.builds: list[bool] = []
        self.told: list[str] = []
        self.looks = 0
        self.save()
        monkeypatch.setattr(rebuilding.time, "sleep", self._next_look)

    def save(self) -> None:
        """The ledger as it is, written long ago, but for what changed now."""
        before = {path: path.read_bytes() for path in self.folder.rglob("*.parquet")}
        save(self.fake, self.folder)
        for path in self.folder.rglob("*.parquet"):
            age = -self.looks if path in before and before[path] != path.read_bytes() else 0
            os.utime(path, (LONG_AGO - age, LONG_AGO - age))

    def _next_look(self, seconds: float) -> None:
        self.looks += 1
        assert self.looks < 20, "it does not end"
        self.happens(self.looks)

    def happens(self, look: int) -> None:
        raise AssertionError("nothing is left to wait for")

    def build(self, has_more: bool) -> None:
        self.builds.append(has_more)

    def run(self, files: tuple[Path, ...] = ()) -> None:
        rebuild(Ledger(str(self.folder)), [None], files, self.build, 0.5, self.told.append)


@pytest.fixture
def watching(monkeypatch, ledger, tmp_path):
    """A study of two trials, of which one is finished and one runs."""
    for seed, state in enumerate(("finished", "running")):
        ledger.trial(ledger.declare("demo", "plain", seed), seed, state, updated_at=None)
    return Watching(monkeypatch, ledger, tmp_path / "runs")


def finish(watching: Watching) -> None:
    for row in watching.fake.rows["trials"]:
        row["state"] = "finished"
    watching.save()


def test_it_is_built_once_where_all_is_done(watching):
    finish(watching)
    watching.run()
    assert (watching.builds, watching.told) == ([False], ["built: 2 of 2 trials done"])


def test_it_is_built_again_at_each_change_and_ends_when_all_is_done(watching):
    watching.happens = lambda look: finish(watching) if look == 3 else None
    watching.run()
    assert watching.builds == [True, False]
    assert watching.told == ["built: 1 of 2 trials done, 1 running", "rebuilt: 2 of 2 trials done"]


def test_it_waits_for_measurements_that_may_follow_a_trial(watching):
    """A trial is finished before it is measured."""

    def happens(look: int) -> None:
        if look == 1:
            finish(watching)
            path = next((watching.folder / "trials").rglob("trial.parquet"))
            path.touch()  # just now
        if look == 4:
            os.utime(next((watching.folder / "trials").rglob("trial.parquet")), (LONG_AGO, LONG_AGO))

    watching.happens = happens
    watching.run()
    assert watching.builds == [True, True, False]


def test_what_cannot_be_built_is_told_and_tried_again(watching):
    def build(has_more: bool) -> None:
        watching.builds.append(has_more)
        if len(watching.builds) == 2:
            raise ValueError("trial.parquet is damaged\x1b[31m")

    def happens(look: int) -> None:
        if look == 1:
            watching.fake.rows["trials"][0]["attempts"] = 2
            watching.save()
        if look == 2:
            finish(watching)

    watching.happens, watching.build = happens, build
    watching.run()
    assert watching.builds == [True, True, False]
    assert watching.told[1].endswith("next change: trial.parquet is damaged")


def test_a_mistake_at_the_first_time_is_raised(watching):
    def build(has_more: bool) -> None:
        raise ValueError("Nothing to report is called 'dmeo'.")

    watching.build = build
    with pytest.raises(ValueError, match="dmeo"):
        watching.run()


def test_it_is_built_again_when_a_users_own_file_changes(watching, tmp_path):
    own = tmp_path / "my_table.py"
    own.write_text("1")

    def happens(look: int) -> None:
        if look == 1:
            own.write_text("1 + 1")
        if look == 3:
            raise KeyboardInterrupt

    watching.happens = happens
    watching.run((own,))
    assert watching.builds == [True, True]


def test_ctrl_c_ends_it(watching):
    def happens(look: int) -> None:
        raise KeyboardInterrupt

    watching.happens = happens
    watching.run()
    assert watching.builds == [True]

"""Checkpoints and weights: what comes back is what was written, an older whole one, or nothing."""

from pathlib import Path
from random import Random

from pyarrow import fs

from tests.fuzz.running import Input, Kind, Outcome, Wrong
from tests.fuzz.spoiling import BINARY, TEXT, spoiled
from tests.trainables.test_checkpoints import copied_between, place, same, state_after
from trainables.checkpoints import read_checkpoint, read_weights, write_checkpoint, write_weights


class Checkpoints:
    """Two checkpoints beside each other, as a crash leaves them, and the weights of a finished trial."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        write_checkpoint(place(folder), state_after(2))
        write_checkpoint(place(folder / "older"), state_after(1))
        copied_between(folder / "older", folder)
        write_weights(place(folder), state_after(2).model)
        self._states = [vars(state_after(epoch)) for epoch in (1, 2)]
        self._weights = state_after(2).model
        self._files = {path: path.read_bytes() for path in sorted([*folder.glob("epoch-*/*"), *folder.glob("*.safe*")])}

    def spoil(self, random: Random) -> Input:
        for path, content in self._files.items():
            path.write_bytes(content)
        path = random.choice(list(self._files))
        others = [content for other, content in self._files.items() if other.suffix == path.suffix]
        changes = TEXT if path.suffix == ".json" else BINARY
        content, how = spoiled(self._files[path], random.choice(others), random, changes)
        path.write_bytes(content)
        read = self._read_weights if path.parent == self._folder else self._read
        return Input((path.name,), read, f"{path.relative_to(self._folder)} {how}")

    def _read(self) -> Outcome:
        found = read_checkpoint((fs.LocalFileSystem(), str(self._folder)))
        if found is not None and not any(same(vars(found), state) for state in self._states):
            raise Wrong("another state came back")
        newest = found is not None and same(vars(found), self._states[-1])
        return Outcome.UNCHANGED if newest else Outcome.REFUSED  # passed over, for the older one

    def _read_weights(self) -> Outcome:
        if not same(read_weights((fs.LocalFileSystem(), str(self._folder))), self._weights):
            raise Wrong("other weights came back")
        return Outcome.UNCHANGED


def open_kind(folder: Path) -> Kind:
    return Checkpoints(folder)

"""A checkpoint comes back bit for bit or not at all, and nothing that is read can run code."""

import hashlib
import json
import math
import pickle
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import fs
from safetensors import SafetensorError
from safetensors.torch import save

from trainables.checkpoints import (
    delete_checkpoints,
    read_checkpoint,
    read_weights,
    write_checkpoint,
    write_weights,
)
from trainables.training import TrainingState

FILES = ("model.safetensors", "selected.safetensors", "optimizer.safetensors", "state.json")


def state_after(epoch: int, **values) -> TrainingState:
    """A small state whose every part depends on the epoch."""
    generator = torch.Generator().manual_seed(epoch)
    weights = {"fc.weight": torch.randn(3, 2, generator=generator), "bn.count": torch.tensor(epoch)}
    given = {
        "epoch": epoch,
        "model": weights,
        "selected": {name: value - 1 for name, value in weights.items()},
        "selected_epoch": max(1, epoch - 1),
        "best": 0.1 / epoch,
        "optimizers": [{"state": {0: {"step": torch.tensor(float(epoch)), "exp_avg": torch.ones(3, 2) * epoch}}}],
        "schedules": [{"last_epoch": epoch, "best": math.inf}],
        "history": [{"val_nme_io": 1 / 3 / number} for number in range(1, epoch + 1)],
        "sums": {"fc.weight": weights["fc.weight"].double() * epoch},
    }
    return TrainingState(**given | values)


def place(path: Path | str):
    return (fs.LocalFileSystem(), str(path))


def same(one, other) -> bool:
    """Equal in value and type, at any depth; NaN equals NaN."""
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return isinstance(other, dict) and set(one) == set(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or (one != one and other != other))


def assert_whole(found: TrainingState | None, expected: TrainingState) -> None:
    assert found is not None
    assert same(vars(found), vars(expected))


def copied_between(source: Path, target: Path) -> None:
    """Put an older checkpoint back beside a newer one, as a crash between writing and removing leaves them."""
    for folder in source.iterdir():
        (target / folder.name).mkdir()
        for file in folder.iterdir():
            (target / folder.name / file.name).write_bytes(file.read_bytes())


@pytest.fixture
def two_checkpoints(tmp_path) -> Path:
    """Epochs 1 and 2 side by side."""
    write_checkpoint(place(tmp_path / "both"), state_after(2))
    write_checkpoint(place(tmp_path / "older"), state_after(1))
    copied_between(tmp_path / "older", tmp_path / "both")
    return tmp_path / "both"


def test_a_checkpoint_comes_back_as_it_was_written(tmp_path):
    write_checkpoint(place(tmp_path), state_after(3))
    assert_whole(read_checkpoint(place(tmp_path)), state_after(3))


def test_a_checkpoint_of_a_training_that_averages_nothing_has_no_sums(tmp_path):
    write_checkpoint(place(tmp_path), state_after(3, sums={}))
    assert_whole(read_checkpoint(place(tmp_path)), state_after(3, sums={}))


def test_a_checkpoint_of_before_there_was_averaging_is_still_read(tmp_path):
    write_checkpoint(place(tmp_path), state_after(3, sums={}))
    path = tmp_path / "epoch-00003" / "state.json"
    facts = json.loads(path.read_text())
    del facts["sums"], facts["digest"]
    digest = hashlib.blake2b(json.dumps(facts).encode(), digest_size=16).hexdigest()
    path.write_text(json.dumps({"digest": digest, **facts}))
    assert_whole(read_checkpoint(place(tmp_path)), state_after(3, sums={}))


def test_the_newest_checkpoint_is_read(two_checkpoints):
    assert_whole(read_checkpoint(place(two_checkpoints)), state_after(2))


def test_epoch_10_is_newer_than_epoch_9(tmp_path):
    write_checkpoint(place(tmp_path / "both"), state_after(10))
    write_checkpoint(place(tmp_path / "older"), state_after(9))
    copied_between(tmp_path / "older", tmp_path / "both")
    assert_whole(read_checkpoint(place(tmp_path / "both")), state_after(10))


@pytest.mark.parametrize("spelled", ["{}", "{}/", "{}//"])
def test_writing_a_checkpoint_removes_the_older_one_however_the_folder_is_spelled(spelled, tmp_path):
    folder = place(spelled.format(tmp_path))
    write_checkpoint(folder, state_after(1))
    write_checkpoint(folder, state_after(2))
    assert [path.name for path in tmp_path.iterdir()] == ["epoch-00002"]
    assert_whole(read_checkpoint(folder), state_after(2))


def test_a_checkpoint_holds_safetensors_and_json_and_nothing_else(tmp_path):
    write_checkpoint(place(tmp_path), state_after(1))
    assert {path.name for path in (tmp_path / "epoch-00001").iterdir()} == set(FILES)
    json.loads((tmp_path / "epoch-00001" / "state.json").read_text())


def test_where_nothing_was_written_there_is_no_checkpoint(tmp_path):
    assert read_checkpoint(place(tmp_path / "nothing")) is None
    delete_checkpoints(place(tmp_path / "nothing"))


def test_deleted_checkpoints_are_gone_and_finished_weights_stay(tmp_path):
    write_checkpoint(place(tmp_path), state_after(1))
    write_weights(place(tmp_path), state_after(1).model)
    delete_checkpoints(place(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["weights.safetensors"]


def _removed(path: Path) -> None:
    path.unlink()


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _cut_in_half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _flipped_in_the_middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x01
    path.write_bytes(content)


def _flipped_at_the_end(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-2] ^= 0x10
    path.write_bytes(content)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("damage", [_removed, _emptied, _cut_in_half, _flipped_in_the_middle, _flipped_at_the_end])
def test_a_damaged_checkpoint_is_passed_over_and_the_one_before_is_used(file, damage, two_checkpoints):
    damage(two_checkpoints / "epoch-00002" / file)
    assert_whole(read_checkpoint(place(two_checkpoints)), state_after(1))


@pytest.mark.parametrize("file", FILES)
def test_with_every_checkpoint_damaged_training_starts_anew(file, two_checkpoints):
    for folder in two_checkpoints.iterdir():
        _cut_in_half(folder / file)
    assert read_checkpoint(place(two_checkpoints)) is None


def test_no_flipped_bit_of_the_facts_is_ever_believed(tmp_path):
    write_checkpoint(place(tmp_path), state_after(2))
    path = tmp_path / "epoch-00002" / "state.json"
    whole = path.read_bytes()
    for position in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << (position % 7)
        path.write_bytes(damaged)
        found = read_checkpoint(place(tmp_path))
        # A flip within the spelling of the same value (a blank, 'e' and 'E') may leave it whole.
        assert found is None or same(vars(found), vars(state_after(2))), (position, damaged)


@pytest.mark.parametrize("facts", ["[]", "3", "null", "{}", '{"format": 1}', '{"format": 1, "files": {}}', "\xff"])
def test_other_json_is_no_checkpoint(facts, two_checkpoints):
    (two_checkpoints / "epoch-00002" / "state.json").write_text(facts, encoding="latin-1")
    assert_whole(read_checkpoint(place(two_checkpoints)), state_after(1))


def test_a_checkpoint_of_another_format_is_passed_over(two_checkpoints, monkeypatch):
    write_checkpoint(place(two_checkpoints), state_after(3))
    monkeypatch.setattr("trainables.checkpoints.FORMAT", 2)
    assert read_checkpoint(place(two_checkpoints)) is None


def test_a_file_that_is_named_like_a_checkpoint_is_none(tmp_path):
    (tmp_path / "epoch-00009").write_text("not a folder")
    write_checkpoint(place(tmp_path), state_after(1))
    assert_whole(read_checkpoint(place(tmp_path)), state_after(1))


class Payload:
    """A pickle that leaves a mark where it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


@pytest.mark.parametrize("file", FILES)
def test_a_pickle_in_a_files_stead_is_passed_over_and_never_run(file, two_checkpoints, tmp_path):
    mark = tmp_path / "was_run"
    (two_checkpoints / "epoch-00002" / file).write_bytes(pickle.dumps(Payload(mark)))
    assert_whole(read_checkpoint(place(two_checkpoints)), state_after(1))
    assert not mark.exists()


def test_a_pickle_with_a_forged_digest_is_refused_and_never_run(tmp_path):
    mark, content = tmp_path / "was_run", pickle.dumps(Payload(tmp_path / "was_run"))
    write_checkpoint(place(tmp_path / "trial"), state_after(1))
    folder = tmp_path / "trial" / "epoch-00001"
    facts = json.loads((folder / "state.json").read_text())
    del facts["digest"]
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    facts["files"]["model.safetensors"] = {"bytes": len(content), "digest": digest}
    whole = hashlib.blake2b(json.dumps(facts).encode(), digest_size=16).hexdigest()
    (folder / "model.safetensors").write_bytes(content)
    (folder / "state.json").write_text(json.dumps({"digest": whole, **facts}))
    with pytest.raises(SafetensorError):
        read_checkpoint(place(tmp_path / "trial"))
    assert not mark.exists()


def test_a_pickle_in_the_finished_weights_stead_is_refused_and_never_run(tmp_path):
    mark = tmp_path / "was_run"
    (tmp_path / "weights.safetensors").write_bytes(pickle.dumps(Payload(mark)))
    with pytest.raises(ValueError, match=r"weights\.safetensors is damaged"):
        read_weights(place(tmp_path))
    assert not mark.exists()


def test_finished_weights_come_back_and_leave_no_partial_file(tmp_path):
    write_weights(place(tmp_path / "trial"), state_after(1).model)
    assert same(read_weights(place(tmp_path / "trial")), state_after(1).model)
    assert [path.name for path in (tmp_path / "trial").iterdir()] == ["weights.safetensors"]


def test_weights_that_were_never_finished_are_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_weights(place(tmp_path))


def test_tied_and_transposed_weights_are_written_like_any_other(tmp_path):
    weight = torch.arange(6.0).reshape(2, 3)
    tied = {"encoder": weight, "decoder": weight, "transposed": weight.T}
    write_checkpoint(place(tmp_path), state_after(1, model=tied))
    found = read_checkpoint(place(tmp_path))
    assert found is not None
    assert same(found.model, tied)


tensors = st.builds(
    lambda shape, dtype, seed: (torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 9).to(dtype),
    st.lists(st.integers(0, 3), max_size=3).map(tuple),
    st.sampled_from([torch.float32, torch.float64, torch.int64, torch.uint8, torch.bool, torch.bfloat16]),
    st.integers(0, 99),
)
scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5)
keys = st.text("ab.01", max_size=3) | st.integers(0, 12)
nested = st.recursive(
    scalars | tensors,
    lambda values: (
        st.lists(values, max_size=3)
        | st.lists(values, max_size=3).map(tuple)
        | st.dictionaries(keys, values, max_size=3)
    ),
    max_leaves=8,
)
top = st.dictionaries(st.text("ab.01", max_size=3), nested, max_size=2)


@settings(deadline=None, max_examples=40)
@given(st.lists(top, max_size=2), top)
def test_any_nested_state_of_optimisers_and_schedules_comes_back(tmp_path_factory, optimizers, schedule):
    folder = tmp_path_factory.mktemp("any")
    state = state_after(1, optimizers=optimizers, schedules=[schedule])
    write_checkpoint(place(folder), state)
    assert_whole(read_checkpoint(place(folder)), state)


def test_weights_of_which_one_bit_has_changed_are_refused_and_those_of_before_there_were_digests_are_read(tmp_path):
    write_weights(place(tmp_path), state_after(1).model)
    path = tmp_path / "weights.safetensors"
    whole = path.read_bytes()
    for at in (9, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(ValueError, match=r"weights\.safetensors is damaged"):
            read_weights(place(tmp_path))
    path.write_bytes(save(state_after(1).model))
    assert same(read_weights(place(tmp_path)), state_after(1).model)

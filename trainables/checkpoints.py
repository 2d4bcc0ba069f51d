"""Checkpoints: weights and training state on any pyarrow filesystem, and nothing in them that could run code.

A checkpoint is a folder: `model.safetensors`, `selected.safetensors`, `optimizer.safetensors` and, written last,
`state.json`, which names each file's size and digest, and its own. A folder without it, or whose files differ, is not a
checkpoint. The weights of a finished trial have their digest in their own header.
"""

import hashlib
import json
from typing import Any

import torch
from pyarrow import fs
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from trainables.seal import BLANK, is_intact, sealed
from trainables.training import TrainingState
from trainables.trial import Weights
from trainables.whole_files import delete_folder, persistently, read_whole, settle, write_in_place, write_whole

FORMAT = 1
FILES = ("model.safetensors", "selected.safetensors", "optimizer.safetensors")
WEIGHTS: dict[Weights, str] = {"selected": "weights.safetensors", "last": "last.safetensors"}
Folder = tuple[fs.FileSystem, str]  # a filesystem, and a path on it


def write_checkpoint(folder: Folder, state: TrainingState) -> None:
    """Write this epoch's checkpoint below `folder`, then remove the older ones: a crash leaves a whole one behind."""
    filesystem, _ = folder
    target = _path(folder, state.epoch)
    persistently(lambda: filesystem.create_dir(target, recursive=True), target)
    tensors: dict[str, Tensor] = {}
    optimizers = [_without_tensors(optimizer, tensors) for optimizer in state.optimizers]
    schedules = [_without_tensors(schedule, tensors) for schedule in state.schedules]
    sums = _without_tensors(state.sums, tensors)
    contents = {
        "model.safetensors": save(_copied(state.model)),
        "selected.safetensors": save(_copied(state.selected)),
        "optimizer.safetensors": save(_copied(tensors)),
    }
    for name, content in contents.items():
        write_in_place(filesystem, f"{target}/{name}", content)
    facts = {
        "format": FORMAT,
        "epoch": state.epoch,
        "selected_epoch": state.selected_epoch,
        "best": state.best,
        "optimizers": optimizers,
        "schedules": schedules,
        "sums": sums,
        "history": state.history,
        "files": {name: {"bytes": len(content), "digest": _digest(content)} for name, content in contents.items()},
    }
    text = json.dumps({"digest": _digest_of_facts(facts), **facts})
    write_in_place(filesystem, f"{target}/state.json", text.encode())
    settle(filesystem, target)
    for other in _checkpoints(folder):
        # Compared by name: the filesystem may spell the path otherwise (`//`, a trailing slash).
        if other.rpartition("/")[2] < target.rpartition("/")[2]:
            delete_folder(filesystem, other)


def read_checkpoint(folder: Folder, epoch: int | None = None) -> TrainingState | None:
    """The newest whole checkpoint below `folder`, or that of one epoch, or None. Damaged ones are passed over."""
    paths = sorted(_checkpoints(folder), reverse=True) if epoch is None else [_path(folder, epoch)]
    for path in paths:
        try:
            facts = _read_facts(folder[0], path)
            contents = facts and {name: read_whole(folder[0], f"{path}/{name}") for name in FILES}
        except FileNotFoundError:  # another host has just removed it
            continue
        if facts and contents and all(_digest(contents[name]) == f["digest"] for name, f in facts["files"].items()):
            return _state(facts, {name: load(content) for name, content in contents.items()})
    return None


def delete_checkpoints(folder: Folder) -> None:
    for path in _checkpoints(folder):
        delete_folder(folder[0], path)


def write_weights(folder: Folder, weights: dict[str, Tensor], which: Weights = "selected") -> None:
    """A finished trial's network."""
    filesystem, path = folder
    content = save(_copied(weights), metadata={"seal": BLANK})
    write_whole(filesystem, f"{path}/{WEIGHTS[which]}", sealed(content))


def read_weights(folder: Folder, which: Weights = "selected") -> dict[str, Tensor]:
    """Raises FileNotFoundError where the trial has no such finished weights, ValueError where they are damaged."""
    path = f"{folder[1]}/{WEIGHTS[which]}"
    content = read_whole(folder[0], path)
    try:
        is_whole = is_intact(content)
        if is_whole is False or (is_whole is None and b'"seal"' in _header(content)):
            raise ValueError("its content is not what its digest is of")
        return load(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise ValueError(
            f"{path} is damaged: {error}. Delete the folder that it lies in, and run the study again: the trial is "
            "trained anew."
        ) from None


def _path(folder: Folder, epoch: int) -> str:
    return f"{folder[1]}/epoch-{epoch:05d}"


def _state(facts: dict[str, Any], files: dict[str, dict[str, Tensor]]) -> TrainingState:
    tensors = files["optimizer.safetensors"]
    return TrainingState(
        epoch=facts["epoch"],
        model=files["model.safetensors"],
        selected=files["selected.safetensors"],
        selected_epoch=facts["selected_epoch"],
        best=facts["best"],
        optimizers=[_with_tensors(plain, tensors) for plain in facts["optimizers"]],
        schedules=[_with_tensors(plain, tensors) for plain in facts["schedules"]],
        history=facts["history"],
        # Checkpoints of before there was averaging have none.
        sums=_with_tensors(facts["sums"], tensors) if "sums" in facts else {},
    )


def _without_tensors(value: Any, tensors: dict[str, Tensor]) -> Any:
    """Nested plain data with each tensor moved to `tensors` and replaced by its name there."""
    if isinstance(value, Tensor):
        name = f"{len(tensors)}"
        tensors[name] = value
        return {"tensor": name}
    if isinstance(value, dict):
        return {"items": [[key, _without_tensors(item, tensors)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return {"list": [_without_tensors(item, tensors) for item in value], "tuple": isinstance(value, tuple)}
    return value


def _with_tensors(plain: Any, tensors: dict[str, Tensor]) -> Any:
    if not isinstance(plain, dict):
        return plain
    if "tensor" in plain:
        return tensors[plain["tensor"]]
    if "items" in plain:
        return {key: _with_tensors(item, tensors) for key, item in plain["items"]}
    items = [_with_tensors(item, tensors) for item in plain["list"]]
    return tuple(items) if plain["tuple"] else items


def _checkpoints(folder: Folder) -> list[str]:
    selector = fs.FileSelector(folder[1], allow_not_found=True)
    found = persistently(lambda: folder[0].get_file_info(selector), folder[1])
    return [info.path for info in found if info.type == fs.FileType.Directory and info.base_name.startswith("epoch-")]


def _read_facts(filesystem: fs.FileSystem, path: str) -> dict[str, Any] | None:
    try:
        facts = json.loads(read_whole(filesystem, f"{path}/state.json"))
    except (ValueError, RecursionError):
        return None
    if (
        not isinstance(facts, dict)
        or facts.get("format") != FORMAT
        or facts.pop("digest", None) != _digest_of_facts(facts)
    ):
        return None
    sizes = {info.base_name: info.size for info in filesystem.get_file_info(fs.FileSelector(path))}
    # Only the known names: the file could ask for others anywhere.
    known = sorted(facts["files"]) == sorted(FILES)
    return facts if known and all(sizes.get(name) == facts["files"][name]["bytes"] for name in FILES) else None


def _header(content: bytes) -> bytes:
    """The text of a safetensors file, before its tensors."""
    return content[8 : 8 + int.from_bytes(content[:8], "little")]


def _copied(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    # Copied, because safetensors refuses tensors that share memory, as tied weights do.
    return {name: value.detach().cpu().clone(memory_format=torch.contiguous_format) for name, value in tensors.items()}


def _digest_of_facts(facts: dict[str, Any]) -> str:
    """Of the JSON text of `facts`, which reading and writing again does not change."""
    return _digest(json.dumps(facts).encode())


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()

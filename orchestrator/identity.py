"""Identity is content: what is declared, reduced to what can change a result, hashed.

The same declaration on the same data has the same id on every machine and in every study, so that studies share trials.
"""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from trainables.config import is_config
from trainables.dataset import Dataset
from trainables.trial import Evaluation, Trial

DigestOf = Callable[[Dataset], str]


def trial_id(trial: Trial, digest_of: DigestOf) -> str:
    """16 hex digits for everything that can change the trained network, the bytes of its data included."""
    return _hashed(_trial(trial, digest_of))


def variant_id(trial: Trial, digest_of: DigestOf) -> str:
    """The identity without the seed (and without the seeds of the stages before)."""
    return _hashed(_without_seed(_trial(trial, digest_of)))


def evaluation_id(trial: str, evaluation: Evaluation, data: Dataset, digest_of: DigestOf) -> str:
    """16 hex digits for everything that can change a measured error of the trial with the id `trial`."""
    return _hashed({"trial": trial, "evaluation": canonical(evaluation), "digest": digest_of(data)})


def canonical(value: Any) -> Any:
    """Plain data of all that can change a result.

    Fields marked `identity: False` are left out; so is a field that holds its `neutral` value, because it was added
    later and older ids must stay valid. A field marked `file` stands for what its file holds, wherever that lies. A
    class's VERSION stands for its code. Raises ValueError where a file cannot be read.
    """
    if is_config(value):
        plain: dict[str, Any] = {"kind": type(value).kind}
        for name, metadata in _counted(type(value)):
            given = getattr(value, name)
            if not ("neutral" in metadata and given == metadata["neutral"]):
                plain[name] = _content(given) if metadata.get("file") else _canonical_once(given)
        version = getattr(type(value), "VERSION", None)
        return plain if version is None else plain | {"version": version}
    if isinstance(value, tuple | list):
        return [_canonical_once(item) for item in value]
    return value


# id of a config -> itself, which keeps the id its own, and its canonical form. A study's trials share most of theirs.
_seen: dict[int, tuple[Any, Any]] = {}
_SEEN_AT_MOST = 4096


def _canonical_once(value: Any) -> Any:
    """`canonical`, worked out once for each object. Equal ones are not the same: 1 and 1.0 are written differently."""
    if not is_config(value):
        return canonical(value)
    if id(value) in _seen:
        return _seen[id(value)][1]
    plain = canonical(value)
    if not _names_a_file(value):  # what a file holds can change meanwhile
        if len(_seen) >= _SEEN_AT_MOST:
            _seen.clear()
        _seen[id(value)] = (value, plain)
    return plain


def _names_a_file(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return any(map(_names_a_file, value))
    if not is_config(value):
        return False
    return any(
        getattr(value, name) is not None if metadata.get("file") else _names_a_file(getattr(value, name))
        for name, metadata in _counted(type(value))
    )


@cache
def _counted(cls: type) -> list[tuple[str, Mapping[str, Any]]]:
    """Names and metadata of the fields that count in identities."""
    fields = dataclasses.fields(cls)  # pyright: ignore[reportArgumentType]
    return [(field.name, field.metadata) for field in fields if field.metadata.get("identity", True)]


def _content(path: str | None) -> str | None:
    if path is None:
        return None
    try:
        found = Path(path).stat()
        return _digest_of_file(path, found.st_size, found.st_mtime_ns)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}. Give the path of a file that can be read, or none") from error


@lru_cache(maxsize=64)
def _digest_of_file(path: str, size: int, changed: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _trial(trial: Trial, digest_of: DigestOf) -> dict[str, Any]:
    plain = canonical(trial) | {"digest": digest_of(trial.data)}
    plain["starts_from"] = _in_one_order([_trial(stage, digest_of) for stage in trial.starts_from])
    if trial.unlabelled is not None:
        plain["unlabelled_digest"] = digest_of(trial.unlabelled)
    return plain


def _without_seed(plain: dict[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in plain.items() if name != "seed"}
    stages = rest["starts_from"]
    stages = stages if isinstance(stages, list) else [stages] if stages else []
    # Ordered anew: with other seeds they stood in another order.
    rest["starts_from"] = _in_one_order([_without_seed(stage) for stage in stages])
    return rest


def _in_one_order(stages: list[dict[str, Any]]) -> Any:
    """The same in whatever order they are named; one or none as it was written when there could be no more, since older
    ids must stay valid."""
    if len(stages) < 2:
        return stages[0] if stages else None
    return sorted(stages, key=_hashed)


def _hashed(plain: Any) -> str:
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]

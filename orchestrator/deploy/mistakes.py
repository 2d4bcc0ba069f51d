"""All that is wrong with what is asked of a cluster, before a job waits for days to find it out."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.deploy.asked import MEMORY, Asked, is_below, seconds_of, token_file
from orchestrator.session import Place, open_study
from orchestrator.storage import Storage
from search_spaces.loading import load_study
from search_spaces.study import study_path
from trainables.config import ConfigError, Mistake, nearest

_SCHEMES = ("s3", "gs", "gcs", "hdfs", "viewfs", "abfs", "abfss")
_OF_ONE_NODE = ("/tmp", "/var/tmp", "/dev/shm")
_MOST_OF_A_CONFIG_MAP = 900_000  # bytes
_WORDS = {  # what an option may consist of; it stands in the script as it is
    "partition": r"[\w.,:+-]+",
    "account": r"[\w.@+-]+",
    "image": r"[\w.:/@-]+",
    "claim": r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?",
    "secret": r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?",
    "user": r"[\w.-]+",
}
_ONLY_FOR = {
    "partition": "slurm",
    "account": "slurm",
    "image": "kuberay",
    "claim": "kuberay",
    "mount": "kuberay",
    "secret": "kuberay",
    "hosts": "ray",
    "user": "ray",
    "key": "ray",
}

ChangesOf = Callable[[Sequence[str]], Mapping[str, Any]]


def mistakes_of(asked: Asked, changes_of: ChangesOf) -> Iterator[Mistake]:
    """Of options, of places, and of the study and its settings."""
    yield from _mistakes_of_options(asked)
    yield from _mistakes_of_places(asked)
    yield from _mistakes_of_study(asked, changes_of)


def _mistakes_of_options(asked: Asked) -> Iterator[Mistake]:
    for name, where in _ONLY_FOR.items():
        if getattr(asked, name) is not None and where != asked.where:
            yield Mistake(f"is for {where}, and this is for {asked.where}.", f"--{name}", "Leave it out.")
    for name, least in (("nodes", 1), ("cpus", 1), ("gpus", 0)):
        if (count := getattr(asked, name)) is not None and count < least:
            yield Mistake(f"{count} is too few.", f"--{name}", f"Give {least} or more.")
    if asked.memory is not None and not MEMORY.fullmatch(asked.memory):
        yield Mistake(f"{asked.memory!r} is no memory.", "--memory", "Write it like 64G, the memory of one node.")
    if asked.time is not None and not seconds_of(asked.time):
        yield Mistake(f"{asked.time!r} is no time.", "--time", "Write hours and minutes like 8:00, or days 2-00:00.")
    for name, words in _WORDS.items():
        if (text := getattr(asked, name)) is not None and not re.fullmatch(words, text, re.ASCII):
            yield Mistake(f"{text!r} is no name of that kind.", f"--{name}", f"It has to match {words}")
    for line in asked.setup:
        if not line.isprintable():
            yield Mistake(f"{line!r} has more than one line.", "--setup", "Give it once for each line.")
    if asked.where == "kuberay" and asked.image is None:
        yield Mistake("is missing.", "--image", "Name the container image that marksweep is installed in.")
    if asked.where == "ray":
        yield from _mistakes_of_hosts(asked)


def _mistakes_of_hosts(asked: Asked) -> Iterator[Mistake]:
    hosts = asked.host_names
    if not hosts:
        yield Mistake("is missing.", "--hosts", "Name the machines, the head first: --hosts 10.0.0.1,10.0.0.2")
    for host in hosts:
        if not re.fullmatch(r"[A-Za-z0-9][\w.:-]*", host, re.ASCII):
            yield Mistake(f"{host!r} is no machine.", "--hosts", "Separate names or addresses by commas.")
    for host in sorted({host for host in hosts if hosts.count(host) > 1}):
        yield Mistake(f"{host} is named twice.", "--hosts", "Name each machine once.")
    if asked.nodes is not None and asked.nodes != len(hosts):
        yield Mistake(f"{asked.nodes} are not the {len(hosts)} of --hosts.", "--nodes", "Leave it out.")
    if asked.memory is not None:
        yield Mistake("is what each machine has.", "--memory", "Leave it out.")
    if asked.time is not None:
        yield Mistake("nobody takes the machines away.", "--time", "Leave it out.")
    if asked.key is not None and not Path(asked.key).expanduser().is_file():
        yield Mistake(f"no file {asked.key}.", "--key", "Give the private key that ssh takes for the machines.")
    if not token_file().is_file():
        fix = "Make one by: ray get-auth-token --generate"
        yield Mistake("the token that all machines of a cluster share is missing.", str(token_file()), fix)


def _mistakes_of_places(asked: Asked) -> Iterator[Mistake]:
    for name, text in (("storage", asked.storage), ("data-root", asked.data_root), ("mount", asked.mount or "/")):
        if not text.isprintable():
            yield Mistake(f"{text!r} has characters that are not printable.", f"--{name}", "Rename the folder.")
    if asked.mount is not None and not re.fullmatch(r"/[^:]+", asked.mount):
        yield Mistake(f"{asked.mount!r} is no folder of a pod.", "--mount", "Write an absolute path, like /shared.")
    scheme, separator, _ = asked.storage.partition("://")
    if separator:
        if scheme not in _SCHEMES:
            fix = f"{nearest(scheme, _SCHEMES)} For a folder give its path."
            yield Mistake(f"{scheme}:// is no storage that all nodes see.", "--storage", fix)
    else:
        yield from _mistakes_of_storage_folder(asked)
    if asked.where == "kuberay" and not asked.claim and is_below(asked.storage, asked.shared):
        fix = "Name the PersistentVolumeClaim (ReadWriteMany) that the storage lies on, or take a URI as storage."
        yield Mistake("is missing.", "--claim", fix)
    if not asked.is_here and asked.data_root != "data" and not asked.data_root.startswith("/"):
        yield Mistake(f"{asked.data_root!r} is relative.", "--data-root", "Give the path that it has on the nodes.")


def _mistakes_of_storage_folder(asked: Asked) -> Iterator[Mistake]:
    what = f"the folder {asked.storage!r}"
    if asked.where == "kuberay":
        if not is_below(asked.storage, asked.shared):
            fix = f"Give a folder below {asked.shared}, where the volume of --claim is, or a URI like s3://bucket/runs."
            yield Mistake(f"{what} is gone when its pod is.", "--storage", fix)
        return
    fix = "Give the absolute path of a folder that all nodes see, or a URI like s3://bucket/runs."
    if not asked.storage.startswith("/") and (asked.number_of_nodes > 1 or not asked.is_here):
        yield Mistake(f"{what} is relative, and each node would have its own.", "--storage", fix)
    elif asked.number_of_nodes > 1 and any(is_below(asked.storage, folder) for folder in _OF_ONE_NODE):
        yield Mistake(f"{what} is each node's own.", "--storage", fix)


def _mistakes_of_study(asked: Asked, changes_of: ChangesOf) -> Iterator[Mistake]:
    changes: dict[str, Any] = {}
    for setting in asked.settings:
        if not setting.isprintable():
            yield Mistake(f"{setting!r} has characters that are not printable.", "--set", "Write it on one line.")
        try:
            changes |= changes_of([setting])
        except ValueError as error:
            yield Mistake(str(error), "--set", "")
    try:
        path = study_path(asked.study)
        if asked.is_here:
            place = Place(Storage(asked.storage), Path(asked.data_root), Path(asked.storage) / "cache")
            open_study(asked.study, changes, place, asked.small)
        else:
            load_study(path, changes, asked.small)
    except ConfigError as error:
        yield from error.mistakes
        return
    except ValueError as error:
        yield Mistake(str(error), "STUDY", "")
        return
    if not path.name.isprintable():
        yield Mistake(f"{path.name!r} has characters that are not printable.", "STUDY", "Rename the file.")
    if asked.is_own and not asked.is_here and path.stat().st_size > _MOST_OF_A_CONFIG_MAP:
        yield Mistake(f"the file has more than {_MOST_OF_A_CONFIG_MAP:,} bytes.", path.name, "Make it smaller.")

"""The verb `deploy`: a template of `deploy/`, filled for one study, for the cluster's own launcher to read.

A job may wait for days before it starts, so that what can be wrong is looked for here, and all of it is listed.
"""

import base64
import os
import re
import shlex
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from orchestrator.dispatch import Limits
from orchestrator.session import Place, open_study
from orchestrator.storage import Storage
from search_spaces.loading import load_study
from search_spaces.study import study_path
from trainables.config import ConfigError, Mistake, nearest

TEMPLATES = {"slurm": "slurm.sh", "kuberay": "kuberay.yaml", "ray": "ray_up.yaml"}
STOP_SECONDS = round(Limits.grace)  # what `run` takes at most to save and stop when it is told to
_SCHEMES = ("s3", "gs", "gcs", "hdfs", "viewfs", "abfs", "abfss")
_OF_ONE_NODE = ("/tmp", "/var/tmp", "/dev/shm")
_LAUNCH = "/etc/marksweep"  # in a pod: the command and the study's file
_MEMORY = re.compile(r"(\d+)([MGT])(?:i?B?)?", re.IGNORECASE)
_TIME = re.compile(r"(?:(?P<days>\d+)-)?(?P<hours>\d{1,3}):(?P<minutes>[0-5]?\d)(?::(?P<seconds>[0-5]?\d))?")
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


@dataclass(frozen=True)
class Asked:
    """What a command line asks for; None is what it leaves out."""

    where: str
    study: str
    settings: Sequence[str] = ()
    small: bool = False
    retry_failed: bool = False
    nodes: int | None = None
    gpus: int | None = None
    cpus: int | None = None
    memory: str | None = None
    time: str | None = None
    storage: str = "runs"
    data_root: str = "data"
    setup: Sequence[str] = ()
    partition: str | None = None
    account: str | None = None
    image: str | None = None
    claim: str | None = None
    mount: str | None = None
    secret: str | None = None
    hosts: str | None = None
    user: str | None = None
    key: str | None = None

    @property
    def is_here(self) -> bool:
        """Do the job's paths mean the same on this machine?"""
        return self.where == "slurm"

    @property
    def is_own(self) -> bool:
        return self.study.endswith(".py")

    @property
    def host_names(self) -> list[str]:
        return [host.strip() for host in (self.hosts or "").split(",") if host.strip()]

    @property
    def number_of_nodes(self) -> int:
        return len(self.host_names) if self.where == "ray" else self.nodes or 1

    @property
    def shared(self) -> str:
        """The folder of a pod that is the same in all of them."""
        return self.mount or "/shared"


def deploy(asked: Asked, changes_of: ChangesOf) -> str:
    """The filled template. Raises ConfigError with all that is wrong."""
    if asked.where not in TEMPLATES:
        raise ConfigError((Mistake(f"no cluster {asked.where!r}.", "deploy", nearest(asked.where, TEMPLATES)),))
    if mistakes := [*_mistakes_of_options(asked), *_mistakes_of_places(asked), *_mistakes_of_study(asked, changes_of)]:
        raise ConfigError(tuple(mistakes))
    return _environment().get_template(TEMPLATES[asked.where]).render(_values(asked))


def _mistakes_of_options(asked: Asked) -> Iterator[Mistake]:
    for name, where in _ONLY_FOR.items():
        if getattr(asked, name) is not None and where != asked.where:
            yield Mistake(f"is for {where}, and this is for {asked.where}.", f"--{name}", "Leave it out.")
    for name, least in (("nodes", 1), ("cpus", 1), ("gpus", 0)):
        if (count := getattr(asked, name)) is not None and count < least:
            yield Mistake(f"{count} is too few.", f"--{name}", f"Give {least} or more.")
    if asked.memory is not None and not _MEMORY.fullmatch(asked.memory):
        yield Mistake(f"{asked.memory!r} is no memory.", "--memory", "Write it like 64G, the memory of one node.")
    if asked.time is not None and not _seconds(asked.time):
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
    if not _token().is_file():
        fix = "Make one by: ray get-auth-token --generate"
        yield Mistake("the token that all machines of a cluster share is missing.", str(_token()), fix)


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
    if asked.where == "kuberay" and not asked.claim and _is_below(asked.storage, asked.shared):
        fix = "Name the PersistentVolumeClaim (ReadWriteMany) that the storage lies on, or take a URI as storage."
        yield Mistake("is missing.", "--claim", fix)
    if not asked.is_here and asked.data_root != "data" and not asked.data_root.startswith("/"):
        yield Mistake(f"{asked.data_root!r} is relative.", "--data-root", "Give the path that it has on the nodes.")


def _mistakes_of_storage_folder(asked: Asked) -> Iterator[Mistake]:
    what = f"the folder {asked.storage!r}"
    if asked.where == "kuberay":
        if not _is_below(asked.storage, asked.shared):
            fix = f"Give a folder below {asked.shared}, where the volume of --claim is, or a URI like s3://bucket/runs."
            yield Mistake(f"{what} is gone when its pod is.", "--storage", fix)
        return
    fix = "Give the absolute path of a folder that all nodes see, or a URI like s3://bucket/runs."
    if not asked.storage.startswith("/") and (asked.number_of_nodes > 1 or not asked.is_here):
        yield Mistake(f"{what} is relative, and each node would have its own.", "--storage", fix)
    elif asked.number_of_nodes > 1 and any(_is_below(asked.storage, folder) for folder in _OF_ONE_NODE):
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


def _values(asked: Asked) -> dict[str, Any]:
    """What templates stand for. All of it is known to be harmless where it stands."""
    path = study_path(asked.study)
    short = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:20].strip("-") or "study"
    name = f"marksweep-{short}"
    if asked.where == "kuberay":  # a job that has ended keeps its name
        name += f"-{datetime.now(UTC):%y%m%d-%H%M%S}"
    gathered = re.fullmatch(_MEMORY, asked.memory or "")
    memory = f"{gathered[1]}{gathered[2].upper()}" if gathered else None
    study = {
        "slurm": str(path) if asked.is_own else asked.study,
        "kuberay": f"{_LAUNCH}/{path.name}" if asked.is_own else asked.study,
        "ray": f"./{path.name}" if asked.is_own else asked.study,
    }[asked.where]
    run = _run(asked, study)
    values = {
        "name": name,
        "short": short,
        "study": path.stem,
        "nodes": asked.number_of_nodes,
        "gpus": asked.gpus or 0,
        "cpus": asked.cpus or (None if asked.where == "ray" else 8),
        "memory": memory,
        "setup": asked.setup,
        "stop_seconds": STOP_SECONDS,
        "run": run,
        "study_file": path.name,
        "source": path.read_text(encoding="utf-8") if asked.is_own and not asked.is_here else None,
    }
    return values | {"slurm": _for_slurm, "kuberay": _for_kuberay, "ray": _for_ray}[asked.where](asked, values)


def _for_slurm(asked: Asked, values: dict[str, Any]) -> dict[str, Any]:
    return {
        "time": asked.time and _as_slurm_writes_it(asked.time),
        "partition": asked.partition,
        "account": asked.account,
        "bin": str(Path(sys.executable).parent),
    }


def _for_kuberay(asked: Asked, values: dict[str, Any]) -> dict[str, Any]:
    script = [*asked.setup, f"exec {shlex.join(values['run'])} --address auto"]
    return {
        "memory": values["memory"] and f"{values['memory']}i",
        "seconds": asked.time and _seconds(asked.time),
        "image": asked.image,
        "claim": asked.claim,
        "mount": asked.shared,
        "secret": asked.secret,
        "launch": _LAUNCH,
        "ray_version": version("ray"),
        "script": "\n".join(["#!/bin/bash", *script, ""]),
    }


def _for_ray(asked: Asked, values: dict[str, Any]) -> dict[str, Any]:
    launch = f".marksweep/{values['name']}"
    script = [
        "#!/bin/bash",
        f"cd ~/{launch} && echo $$ > pid || exit",
        f"python -m orchestrator.deploy.joined {values['nodes']}",
        f"exec {shlex.join(values['run'])} --address auto",
        "",
    ]
    return {
        "hosts": asked.host_names,
        "user": asked.user or os.environ.get("USER", "root"),
        "key": asked.key and str(Path(asked.key).expanduser().resolve()),
        "token": str(_token()),
        "launch": launch,
        "ray_folder": f"/tmp/{values['name']}",
        # Another study on the same machines has another one.
        "port": 20_000 + 2 * (zlib.crc32(values["name"].encode()) % 5_000),
        "script": "\n".join(script),
    }


def _run(asked: Asked, study: str) -> list[str]:
    storage, data_root = asked.storage, asked.data_root
    if asked.is_here:
        storage = storage if "://" in storage else str(Path(storage).resolve())
        data_root = str(Path(data_root).resolve())
    elif data_root == "data" and asked.where == "kuberay":
        data_root = f"{asked.shared.rstrip('/')}/data"
    flags = [*(["--small"] if asked.small else []), *(["--retry-failed"] if asked.retry_failed else [])]
    settings = [part for setting in asked.settings for part in ("--set", setting)]
    return ["marksweep", "run", study, *flags, *settings, "--storage", storage, "--data-root", data_root]


def _seconds(time: str) -> int:
    """0 for what is no time."""
    if not (found := _TIME.fullmatch(time)):
        return 0
    days, hours, minutes, seconds = (int(found[part] or 0) for part in ("days", "hours", "minutes", "seconds"))
    return ((24 * days + hours) * 60 + minutes) * 60 + seconds


def _as_slurm_writes_it(time: str) -> str:
    """With seconds: Slurm takes 8:00 for eight minutes."""
    minutes, seconds = divmod(_seconds(time), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def _is_below(path: str, folder: str) -> bool:
    return Path(os.path.normpath(path)).is_relative_to(folder)


def _token() -> Path:
    return Path.home() / ".ray" / "auth_token"


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "deploy"),
        autoescape=False,  # shells and YAML: each value says how it is quoted
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    made.filters |= {
        "shell": shlex.quote,
        "command": shlex.join,
        "yaml": _as_yaml,
        "base64": lambda text: base64.b64encode(text.encode()).decode("ascii"),
    }
    return made


def _as_yaml(text: str) -> str:
    # Only between double quotes YAML escapes every character that it could misread.
    return yaml.safe_dump(text, default_style='"', width=float("inf")).rstrip("\n")

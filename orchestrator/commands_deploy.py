"""The verb `deploy`: a template of `deploy/`, filled for one study, for the cluster's own launcher to read.

A job may wait for days before it starts, so that what can be wrong is looked for here, and all of it is listed.
"""

import base64
import os
import re
import shlex
import sys
import zlib
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from orchestrator.deploy.asked import MEMORY, Asked, seconds_of, token_file
from orchestrator.deploy.mistakes import ChangesOf, mistakes_of
from orchestrator.dispatch import Limits
from search_spaces.study import study_path
from trainables.config import ConfigError, Mistake, nearest

TEMPLATES = {"slurm": "slurm.sh", "kuberay": "kuberay.yaml", "ray": "ray_up.yaml"}
STOP_SECONDS = round(Limits.grace)  # what `run` takes at most to save and stop when it is told to
_LAUNCH = "/etc/marksweep"  # in a pod: the command and the study's file


def deploy(asked: Asked, changes_of: ChangesOf) -> str:
    """The filled template. Raises ConfigError with all that is wrong."""
    if asked.where not in TEMPLATES:
        raise ConfigError((Mistake(f"no cluster {asked.where!r}.", "deploy", nearest(asked.where, TEMPLATES)),))
    if mistakes := list(mistakes_of(asked, changes_of)):
        raise ConfigError(tuple(mistakes))
    return _environment().get_template(TEMPLATES[asked.where]).render(_values(asked))


def _values(asked: Asked) -> dict[str, Any]:
    """What templates stand for. All of it is known to be harmless where it stands."""
    path = study_path(asked.study)
    short = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:20].strip("-") or "study"
    name = f"marksweep-{short}"
    if asked.where == "kuberay":  # a job that has ended keeps its name
        name += f"-{datetime.now(UTC):%y%m%d-%H%M%S}"
    gathered = re.fullmatch(MEMORY, asked.memory or "")
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
        "seconds": asked.time and seconds_of(asked.time),
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
    user = asked.user or os.environ.get("USER", "root")
    own = f"{values['name']}-{user[:8]}"  # machines may be shared, and paths of Ray's sockets have to be short
    script = [
        "#!/bin/bash",
        f"cd ~/{launch} && echo $$ > pid || exit",
        f"python -m orchestrator.deploy.joined {values['nodes']}",
        f"exec {shlex.join(values['run'])} --address auto",
        "",
    ]
    return {
        "hosts": asked.host_names,
        "user": user,
        "key": asked.key and str(Path(asked.key).expanduser().resolve()),
        "token": str(token_file()),
        "launch": launch,
        "ray_folder": f"/tmp/{own}",
        # Another study on the same machines has another one.
        "port": 20_000 + 2 * (zlib.crc32(own.encode()) % 5_000),
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


def _as_slurm_writes_it(time: str) -> str:
    """With seconds: Slurm takes 8:00 for eight minutes."""
    minutes, seconds = divmod(seconds_of(time), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


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

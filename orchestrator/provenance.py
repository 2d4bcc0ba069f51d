"""Where a result comes from: commit, versions, machine."""

import json
import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

PACKAGES = ("marksweep", "ray", "torch", "numpy", "opencv-python-headless", "optuna", "pyarrow", "pandas", "kornia")


def of_code() -> dict[str, Any]:
    """Commit of the checkout that this code runs from (empty where it is none), dirty flag, package versions."""
    # Installed below another project's folder, git would answer for that project.
    own = _git("rev-parse", "--show-toplevel") == str(Path(__file__).resolve().parents[1])
    commit = _git("rev-parse", "HEAD") if own else None
    return {
        "git_commit": commit or "",
        "git_dirty": bool(_git("status", "--porcelain", "--untracked-files=no")) if commit else False,
        "versions": json.dumps({"python": platform.python_version(), **_versions()}, sort_keys=True),
    }


def of_machine(device: torch.device) -> dict[str, str]:
    """The host, and the processor or accelerator that `device` is."""
    if device.type == "cuda":
        hardware = torch.cuda.get_device_name(device)
    else:
        hardware = f"{_processor()}, {os.cpu_count()} cores"
    return {"host": platform.node(), "hardware": hardware}


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


@cache
def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()

"""Where a result comes from: every trial's row names the code, the packages and the machine."""

import json
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from orchestrator import provenance


def git(folder: Path, *arguments: str) -> str:
    nobody = dict.fromkeys(("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"), "/dev/null")
    names = {f"GIT_{who}_{what}": "nobody" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = os.environ | nobody | names
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path, monkeypatch) -> Path:
    """A repository of one commit, which the code believes to run from."""
    package = tmp_path / "checkout" / "orchestrator"
    package.mkdir(parents=True)
    (package / "provenance.py").write_text("one = 1\n")
    git(package.parent, "init", "--quiet")
    git(package, "add", ".")
    git(package, "commit", "--quiet", "--message", "first")
    monkeypatch.setattr(provenance, "__file__", str(package / "provenance.py"))
    return package


def test_a_clean_checkout_is_named_by_its_commit(checkout):
    found = provenance.of_code()
    assert found["git_commit"] == git(checkout, "rev-parse", "HEAD")
    assert len(found["git_commit"]) == 40
    assert found["git_dirty"] is False


def test_a_changed_file_makes_the_checkout_dirty(checkout):
    (checkout / "provenance.py").write_text("one = 2\n")
    assert provenance.of_code()["git_dirty"] is True


def test_a_file_that_git_does_not_know_leaves_the_checkout_clean(checkout):
    (checkout / "notes.txt").write_text("buy milk\n")
    assert provenance.of_code()["git_dirty"] is False


def test_code_that_is_no_checkout_has_no_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "provenance.py"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    found = provenance.of_code()
    assert (found["git_commit"], found["git_dirty"]) == ("", False)


def test_code_below_another_projects_checkout_has_no_commit(checkout, monkeypatch):
    installed = checkout / "venv" / "site-packages" / "orchestrator"
    installed.mkdir(parents=True)
    monkeypatch.setattr(provenance, "__file__", str(installed / "provenance.py"))
    assert provenance.of_code()["git_commit"] == ""


def test_a_machine_without_git_has_no_commit(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert provenance.of_code()["git_commit"] == ""


def test_the_versions_are_those_installed():
    versions = json.loads(provenance.of_code()["versions"])
    assert versions["python"] == platform.python_version()
    assert {name: versions[name] for name in ("torch", "ray", "pyarrow")} == {
        name: version(name) for name in ("torch", "ray", "pyarrow")
    }


def test_a_package_that_is_not_installed_is_left_out(monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGES", ("torch", "no-such-package"))
    assert set(json.loads(provenance.of_code()["versions"])) == {"python", "torch"}


def test_the_machine_has_a_name_and_a_processor():
    found = provenance.of_machine(torch.device("cpu"))
    assert found["host"] == platform.node()
    assert found["hardware"].endswith(f", {os.cpu_count()} cores")
    assert not found["hardware"].startswith(",")


def test_an_accelerator_is_named_instead_of_the_processor(monkeypatch):
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: "NVIDIA H200")
    assert provenance.of_machine(torch.device("cuda:0"))["hardware"] == "NVIDIA H200"

"""A page for double-blind review: without paths, users, hosts, commits, storage addresses and e-mail addresses.

It is cleaned as data, before anything is rendered, so that no renderer has to know. What a path ends with stays, so do
names of studies, ids of trials, versions and hardware.
"""

import getpass
import re
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from orchestrator.errors import lines
from reports.document import Page
from reports.query import ReadsTables

# What code looks up, as opposed to what people read.
_LOOKED_UP = {"metric", "unit", "draw", "source", "rank"}
# Accounts and hosts of many machines: they name nobody, and are words of other meanings, too.
_NOBODY = {"root", "user", "users", "admin", "ubuntu", "nobody", "runner", "test", "home", "localhost", "unknown"}

_URI = re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s'\"<>)\]}]+")
_E_MAIL = re.compile(r"[\w.+-]+@(?:[\w-]+\.)+[A-Za-z]{2,}(?::[\w./-]+)?")  # of a repository, too
_QUOTED_PATH = re.compile(r"(['\"])(?:~[\w.-]*)?(/[^'\"\n]*)\1")
_PATH = re.compile(r"(?<![\w./])(?:~[\w.-]*)?((?:/[^\s/'\"<>|:;,()\[\]{}]+)+)/?")
_RELATIVE_PATH = re.compile(
    r"(?<![\w./])(?:(?:\.{1,2}/)+[^\s'\"<>|:;,()\[\]{}]*|[^\s'\"<>|:;,()\[\]{}]+/[\w.-]+\.py\b)"
)
_WINDOWS_PATH = re.compile(r"\b[A-Za-z]:\\(?:[^\\\s'\"]+\\)*")
_IP = re.compile(r"(?<![\d.])\d{2,3}(?:\.\d{1,3}){3}(?![\d.])")  # a version seldom starts with two digits
_WHOLE_COMMIT = re.compile(r"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")
_HOME = re.compile(r"(?:/home/|/Users/|\\Users\\|(?<!\w)~)([\w.-]+)")
_COMMIT = re.compile(r"[0-9a-f]{7,40}")


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """What names the authors or their machines, as far as the ledger and this machine tell."""

    hosts: frozenset[str]
    users: frozenset[str]
    commits: frozenset[str]


def secrets_of(ledger: ReadsTables) -> Secrets:
    columns = ("host", "git_commit", "error", "traceback", "unreadable_images")
    trials = ledger.read("trials", columns=columns).to_pydict()
    commands = ledger.read("studies", columns=("command",)).to_pydict()
    here = [socket.gethostname(), socket.getfqdn()]
    hosts = {name for host in {*here, *trials["host"]} if host for name in (host, host.partition(".")[0])}
    users = {Path.home().name}
    with suppress(OSError, KeyError):  # an account without a name
        users.add(getpass.getuser())
    texts = [*trials["error"], *trials["traceback"], *commands["command"], str(Path.cwd()), str(Path.home())]
    texts += [image for images in trials["unreadable_images"] for image in images or ()]
    users |= {user for text in set(texts) if text for user in _HOME.findall(text)}
    return Secrets(
        hosts=_telling(hosts),
        users=_telling(users),
        commits=frozenset(commit for commit in set(trials["git_commit"]) if commit and _COMMIT.fullmatch(commit)),
    )


def anonymised(page: Page, secrets: Secrets) -> Page:
    """The page with every text of it cleaned, and without commits."""
    cleaned: Page = _walked(page, cleaner(secrets))
    return replace(cleaned, provenance=tuple(fact for fact in cleaned.provenance if fact[0] != "Commit"))


def cleaner(secrets: Secrets) -> Callable[[str], str]:
    """Text → the same without secrets. What is replaced leaves a word in brackets; of a path its last part stays."""
    commits = "|".join(sorted({commit[:7] for commit in secrets.commits}))
    steps = [
        (_URI, "[address]"),
        (_E_MAIL, "[e-mail]"),
        (_QUOTED_PATH, lambda found: f"{found[1]}{_last(found[2])}{found[1]}"),
        (_PATH, lambda found: _last(found[1])),
        (_RELATIVE_PATH, lambda found: _last(found[0])),
        (_WINDOWS_PATH, ""),
        (_IP, "[host]"),
        (_WHOLE_COMMIT, "[commit]"),
        *([(re.compile(rf"(?:{commits})[0-9a-f]*\+?"), "[commit]")] if commits else []),
        *((re.compile(rf"[\w.-]*\b{re.escape(domain)}\b"), "[host]") for domain in _domains(secrets.hosts)),
        *((_word(host), "[host]") for host in sorted(secrets.hosts, key=len, reverse=True)),
        *((_word(user), "[user]") for user in sorted(secrets.users, key=len, reverse=True)),
    ]

    @cache
    def clean(text: str) -> str:
        text = lines(text)  # renderers drop what is invisible: it must not part a name until then
        for pattern, instead in steps:
            text = pattern.sub(instead, text)
        return text

    return clean


def _walked(value: Any, clean: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, tuple | list):
        return tuple(_walked(one, clean) for one in value)
    if isinstance(value, dict):
        return {_walked(key, clean): _walked(one, clean) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value) if field.name not in _LOOKED_UP]
        changed = {name: _walked(getattr(value, name), clean) for name in names}
        if "commits" in changed:
            changed["commits"] = ()
        return replace(value, **changed)
    return value


def _domains(hosts: Iterable[str]) -> list[str]:
    """Of hosts with at least two parts behind their own name: other machines of the house are called so, too."""
    return sorted({domain for host in hosts if "." in (domain := host.partition(".")[2])})


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _word(name: str) -> re.Pattern[str]:
    """The name as a word of its own; whatever its case, where it is long enough to be no other word."""
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", re.IGNORECASE if len(name) > 3 else 0)


def _telling(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in names if name.casefold() not in _NOBODY and len(name) > 1)

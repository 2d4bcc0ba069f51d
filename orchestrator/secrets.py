"""Keeps what the environment holds in confidence out of the ledger: errors of libraries quote URLs and tokens."""

import os
import re

_CONFIDENTIAL = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASS|CREDENTIALS?|AUTH)(?:_|$)", re.I)
_NO_SECRET = re.compile(r"^(?:\d{0,6}|true|false|yes|no|on|off|none|disabled|token)$", re.I)  # switches
_SHORTEST = 6  # characters: what is shorter would be found in ordinary words
# A token, or a name and a password, which may hold anything; but no port with a path behind it that has an @.
_IN_URL = re.compile(r"(?<=://)(?:[^/\s@?#]+|[^/\s:@]*:[^/\s@]+|[^/\s:@]*:(?!\d+/)[^\s?#]+)(?=@)")
HIDDEN = "•••"


def without_secrets(text: str) -> str:
    """The text without passwords in URLs, and without the values of variables such as WANDB_API_KEY."""
    text = _IN_URL.sub(HIDDEN, text)
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST and _CONFIDENTIAL.search(name) and not _is_harmless(value):
            text = text.replace(value, HIDDEN)
    return text


def _is_harmless(value: str) -> bool:
    """A switch, or the path of a socket or a file. A key may begin like a path, too."""
    return bool(_NO_SECRET.match(value)) or (value.startswith("/") and os.path.lexists(value))

"""A digest inside of what it is of: a file says by itself whether it is whole, wherever it is copied to.

The writer leaves room for it, `BLANK`, in the part of the file that takes text (a header, a footer); the digest is of
all bytes with that room as it was left.
"""

import hashlib
import re

_NAME = b"marksweep seal "
_DIGITS = 32
BLANK = (_NAME + b"0" * _DIGITS).decode()
_SEAL = re.compile(re.escape(_NAME) + rb"([0-9a-f]{%d})" % _DIGITS)


def sealed(content: bytes) -> bytes:
    """The content with its digest in the room that was left for it, once."""
    before, room, after = content.partition(BLANK.encode())
    assert room, "the writer left no room for a seal"
    return before + _NAME + _digest(content) + after


def is_intact(content: bytes) -> bool | None:
    """Whether the content is what was sealed; None where it has no seal: it is older than seals are."""
    found = _SEAL.search(content)
    if found is None:
        return None
    start, end = found.span(1)
    return _digest(content[:start] + b"0" * _DIGITS + content[end:]) == found[1]


def digest_of(content: bytes | memoryview) -> str:
    """Of bytes, as seals have it."""
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


def _digest(content: bytes) -> bytes:
    return digest_of(content).encode()

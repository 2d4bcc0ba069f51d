"""Errors as text: made safe to print, and told apart by their cause."""

import re
import unicodedata

_TERMINAL_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
# Control, format (zero width, right-to-left override), surrogate and line-separating code points print nothing good
# anywhere.
_INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
_CHANGING_PART = re.compile(
    r"0x[0-9a-fA-F]+|\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b|\d+(?:\.\d+)?(?:e[+-]?\d+)?|\bnan\b|\binf\b"
)


def fingerprint(error: str) -> str:
    """An error without its numbers and addresses, so that the same cause counts once."""
    return _CHANGING_PART.sub("#", one_line(error))


def one_line(text: str) -> str:
    """Text without terminal sequences, control characters and line breaks."""
    return " ".join(lines(text).split())


def lines(text: str) -> str:
    """Text without terminal sequences and control characters; line breaks and tabs stay."""
    if text.isprintable():  # nearly every text of a report, of which the rest would take a tenth of the time
        return text
    text = _TERMINAL_SEQUENCE.sub("", text)
    return "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in _INVISIBLE)

"""Numbers as a line of LaTeX prints them, and whether a stored value prints so."""

import math
import re
from dataclasses import dataclass
from decimal import Decimal

from reports import labels
from reports.document import Cell, Column

# What prints no number of its own, though it has one: citations, references, exponents, the width of a cell.
_NOT_PRINTED = re.compile(
    r"\\(?:[a-zA-Z]*cite[a-zA-Z]*|[a-zA-Z]*ref|label|textsuperscript)\*?(?:\[[^\]]*\])*\{[^{}]*\}"
    r"|\\multi(?:column|row)\{[^{}]*\}\{[^{}]*\}"
    r"|\\(?:cell|text|row)?color(?:box)?(?:\[[^\]]*\])?\{[^{}]*\}"
    r"|\\(?:rotatebox|[hv]space\*?|[hv]?phantom)\{[^{}]*\}"
    r"|\^(?:\{[^{}]*\}|\\?\w+)"
)
_SIGNS = {
    r"\pm": "±", "+-": "±", r"\infty": "∞", r"\textless": "<", r"\textminus": "-", "−": "-", "--": " ",
    r"\,": "", "{,}": "", "~": " ",
}  # fmt: skip
_COMMAND = re.compile(r"\\[a-zA-Z]+\*?\s*(?:\[[^\]]*\])?|\\.")
_NUMBER = re.compile(
    r"(?P<below><\s*)?(?:(?<![\w.])(?P<sign>[-+])\s?)?(?<![\w.@])"
    r"(?P<number>∞|\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)"
    r"(?:\((?P<last_digits>\d+)\))?(?:\s*%?\s*±\s*(?P<spread>\d*\.?\d+))?"
)


@dataclass(frozen=True, kw_only=True)
class PrintedNumber:
    """As in "−0.60 ± 0.15", or "< 0.001"."""

    number: str  # digits and a point, or ∞
    sign: str = ""
    spread: str = ""
    is_bound: bool = False  # what is meant lies below

    def __str__(self) -> str:
        spread = f" ± {self.spread}" if self.spread else ""
        return f"{'< ' if self.is_bound else ''}{self.sign.replace('-', '−')}{self.number}{spread}"


def numbers_in(line: str) -> tuple[PrintedNumber, ...]:
    """The numbers of a line without its comment, in order."""
    text = _NOT_PRINTED.sub(" ", line)
    for sign, meant in _SIGNS.items():
        text = text.replace(sign, meant)
    text = re.sub(r"[{}$_]", "", _COMMAND.sub(" ", text.replace(r"\%", "%"))).replace("&", " ")
    return tuple(
        PrintedNumber(
            number=found["number"].replace(",", ""),
            sign=found["sign"] or "",
            spread=found["spread"] or _of_last_digits(found["number"], found["last_digits"]),
            is_bound=bool(found["below"]),
        )
        for found in _NUMBER.finditer(text)
    )


def _of_last_digits(number: str, digits: str | None) -> str:
    """siunitx writes 5.61 ± 0.26 as 5.61(26)."""
    places = len(number.partition(".")[2])
    return f"{Decimal(digits).scaleb(-places):f}" if digits else ""


def agrees(printed: PrintedNumber, cell: Cell, of: Column, needs_sign: bool) -> bool:
    """Whether a cell's value, and its spread where it is there, print so with as many digits.

    `needs_sign`: a sentence may say that an error is lower by 0.60 where a table has −0.60.
    """
    if cell.value is None:
        return False
    scale = labels.metric(of.metric).scale
    value = cell.value * scale
    if not needs_sign and not printed.sign and (of.difference or cell.difference):
        value = abs(value)
    if printed.is_bound:
        return value < float(printed.sign + printed.number)
    if printed.number == "∞" or math.isinf(value):
        return printed.number == "∞" and math.isinf(value) and (printed.sign == "-") == (value < 0)
    if not _prints(value, printed.sign + printed.number):
        return False
    return not printed.spread or (cell.spread is not None and _prints(cell.spread * scale, printed.spread))


def _prints(value: float, text: str) -> bool:
    digits = len(text.partition(".")[2])
    return Decimal(f"{value:.{digits}f}") == Decimal(text)

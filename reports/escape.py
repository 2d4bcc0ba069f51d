"""The one place where text of the ledger (labels, errors, tags, file names) becomes safe to print anywhere."""

import hashlib
import re
import unicodedata

from orchestrator.errors import one_line

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    # What our own words use beyond ASCII, for a pdflatex without Unicode tables.
    "±": r"$\pm$",
    "×": r"$\times$",
    "−": r"$-$",
    "–": "--",
    "—": "---",
    "·": r"$\cdot$",
    "÷": r"$\div$",
    "≈": r"$\approx$",
    "∇": r"$\nabla$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "√": r"$\surd$",
    "∞": r"$\infty$",
    "“": "``",
    "”": "''",
    "↓": r"$\downarrow$",
    "↑": r"$\uparrow$",
    "…": r"\dots{}",
    "†": r"\textdagger{}",
    "‡": r"\textdaggerdbl{}",
    "→": r"$\rightarrow$",
    "’": "'",
}
for _letter in "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ":
    _name = unicodedata.name(_letter).rpartition(" ")[2].replace("LAMDA", "LAMBDA")
    _LATEX[_letter] = rf"$\{_name.capitalize() if _letter.isupper() else _name.lower()}$"
_LATEX |= {small: f"$_{{{digit}}}$" for small, digit in zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)}
_SUPERSCRIPT = re.compile("([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_LOWERED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&!])")


def latex(text: str) -> str:
    pieces = _SUPERSCRIPT.split(one_line(text))  # every second piece is a run of superscripts
    for place in range(0, len(pieces), 2):
        pieces[place] = "".join(_LATEX.get(char, char) for char in pieces[place])
    pieces[1::2] = [f"$^{{{run.translate(_LOWERED)}}}$" for run in pieces[1::2]]
    return "".join(pieces)


def markdown(text: str) -> str:
    """For a table's cell or a paragraph: every character that could start markup or HTML is escaped."""
    return _MARKDOWN_SPECIAL.sub(r"\\\1", one_line(text))


def markdown_code(text: str) -> str:
    """A code span for a command, also inside a table's cell."""
    text = one_line(text).replace("|", r"\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def spreadsheet(text: str) -> str:
    """Text that a spreadsheet does not run as a formula."""
    text = one_line(text)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def file_name(text: str) -> str:
    """A file's name from a study's: letters, digits and "-_." only, so that it stays in its folder. Names that lose
    letters by it end in a digest, so that no two of them are one file."""
    name = re.sub(r"[^A-Za-z0-9._-]", "-", one_line(text)).lstrip(".")
    if name and name == text:
        return name
    return f"{name or 'unnamed'}-{hashlib.sha256(text.encode(errors='replace')).hexdigest()[:6]}"

"""BibTeX of what tables cite, from `trainables.papers`."""

import unicodedata
from collections.abc import Iterable

from reports import escape
from reports.document import Table
from reports.names import did_you_mean
from trainables.papers import PAPERS, Paper

# The field that holds the venue.
VENUE = {"inproceedings": "booktitle", "article": "journal", "misc": "howpublished"}
ACCENTS = {
    "GRAVE ACCENT": "`", "ACUTE ACCENT": "'", "CIRCUMFLEX ACCENT": "^", "TILDE": "~", "DIAERESIS": '"', "MACRON": "=",
    "DOT ABOVE": ".", "RING ABOVE": "r", "CARON": "v", "CEDILLA": "c", "OGONEK": "k", "BREVE": "u",
    "DOUBLE ACUTE ACCENT": "H",
}  # fmt: skip
LETTERS = {"ł": r"{\l}", "Ł": r"{\L}", "ø": r"{\o}", "Ø": r"{\O}", "æ": r"{\ae}", "ß": r"{\ss}", "ı": r"{\i}"}


def cited(tables: Iterable[Table]) -> tuple[str, ...]:
    """The keys of all published rows that have a paper, in alphabetical order; a user's own table may cite others."""
    return tuple(sorted({row.citation for table in tables for row in table.rows} & set(PAPERS)))


def render(keys: Iterable[str]) -> str:
    """One entry for each key. ValueError names a key that `trainables/papers.py` does not have, and the nearest."""
    return "\n".join(_entry(_paper(key)) for key in keys)


def _paper(key: str) -> Paper:
    if key not in PAPERS:
        raise ValueError(f"No paper {key!r} in trainables/papers.py.{did_you_mean(key, PAPERS)}")
    return PAPERS[key]


def _entry(paper: Paper) -> str:
    fields = {
        "author": " and ".join(map(_author, paper.authors.split("; "))),
        "title": f"{{{_latex(paper.title)}}}",  # braced once more: a style may not change its capitals
        VENUE[paper.entry]: _latex(paper.venue),
        "year": str(paper.year),
    }
    lines = (f"  {name} = {{{value}}}," for name, value in fields.items())
    return "\n".join((f"@{paper.entry}{{{paper.key},", *lines, "}", ""))


def _author(name: str) -> str:
    if name == "et al.":
        return "others"
    return _latex(name) if "," in name else f"{{{_latex(name)}}}"  # an organisation has no first name


def _latex(text: str) -> str:
    """For a bibliography: escaped, and every accent in the way that BibTeX sorts and every LaTeX prints."""
    return "".join(map(_letter, escape.latex(text)))


def _letter(char: str) -> str:
    letter, *marks = unicodedata.normalize("NFD", char)
    if char in LETTERS or len(marks) != 1:
        return LETTERS.get(char, char)
    accent = ACCENTS.get(unicodedata.name(marks[0]).removeprefix("COMBINING "))
    if accent is None:
        return char
    return f"{{\\{accent}{{{letter}}}}}"

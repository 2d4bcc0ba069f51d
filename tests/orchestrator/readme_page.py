"""The README's page "When something goes wrong": what its entries promise that a user sees."""

import re
from functools import cache
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
TITLE = "## When something goes wrong"


@cache
def entries() -> tuple[str, ...]:
    """The first column: what is seen, in words and `code`; … stands for anything."""
    _, _, page = README.read_text(encoding="utf-8").partition(f"{TITLE}\n")
    rows = [line for line in page.partition("\n## ")[0].splitlines() if line.startswith("| ")]
    return tuple(row.split(" | ")[0].removeprefix("| ") for row in rows[1:])


def is_seen(entry: str, said: str) -> bool:
    """Whether all that an entry has as code was said, whatever the breaks of its lines."""
    quoted = re.findall(r"`([^`]+)`", entry)
    patterns = [r".*?".join(re.escape(part) for part in " ".join(each.split()).split("…")) for each in quoted]
    text = " ".join(said.split())
    return bool(patterns) and all(re.search(pattern, text) for pattern in patterns)


def assert_page_shows(beginning: str, said: str) -> None:
    """The page has one entry that begins so, and it is what was said."""
    found = [entry for entry in entries() if entry.replace("`", "").startswith(beginning)]
    assert len(found) == 1, f"{len(found)} entries begin with {beginning!r}"
    assert is_seen(found[0], said), f"{found[0]}\nis not in:\n{said}"

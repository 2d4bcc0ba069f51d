"""A whole report of a ledger whose every text tries to break out: labels, errors, tags, file names, commands, hosts."""

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from pylatexenc.latexwalker import LatexWalker

from reports import text
from reports.build import build_report
from reports.query import Results
from tests.reports.conftest import FakeLedger

ATTACKS = (
    "<script>alert(1)</script>", "</table><h1>", '" onload="x', "'", "&lt;", "{{ 7*7 }}", "{% raw %}", "javascript:x",
    r"\input{/etc/passwd}", r"\end{tabular}", r"\\", "%", "$x^2$", "_", "^^5c", "~", "#1", "|", "`", "[a](b)", "**",
    "~~", "\x1b[31m", "\x1b]0;title\x07", "\x00", "\r", "\n", "\u202e", "\u2028", "../../x", "=1+1", "@SUM", "ł",
    "\u0338", "😀",
)  # fmt: skip
hostile = st.lists(st.sampled_from(ATTACKS), min_size=1, max_size=5).map("".join)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202e\u2028]")


def ledger_of(word: str) -> FakeLedger:
    """Two variants with seeds, a subset and one failed trial, with this word wherever the ledger takes free text."""
    ledger = FakeLedger()
    for label, error in ((f"a {word}", 0.05), (f"b {word}", 0.06)):
        ledger.add_seeds("demo", label, [[error, error + 0.01]] * 3, baseline=label.startswith("a"), split="test")
        ledger.add_seeds("demo", label, [[error]] * 3, subset=word)
    failed = ledger.declare("demo", f"c {word}", 0, ("test",))
    ledger.trial(failed, 0, "failed", error=f"ValueError: {word}", traceback=f"File {word}\n{word}")
    for row in ledger.rows["studies"]:
        row |= {"question": word, "command": f"marksweep run {word}"}
    for row in ledger.rows["trials"]:
        row |= {"host": word, "hardware": word, "dataset": word, "git_commit": word, "method": word}
    for row in ledger.rows["evaluations"]:
        row |= {"protocol": word, "dataset": word}
    for row in ledger.rows["images"]:
        row |= {"image": f"{word}{row['image']}", "tags": [word]}
    return ledger


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, tuple(sorted(name for name, _ in attrs))))


def tags_of(markup: str) -> list[tuple[str, tuple[str, ...]]]:
    parser = Tags()
    parser.feed(markup)
    return parser.found


def report_of(word: str, folder: str) -> dict[str, str]:
    """Every text file of the report by its name, and what a terminal shows of its tables."""
    out = Path(folder) / "out"
    files = build_report(Results(ledger_of(word)), out, ["demo_overview", "demo_details", "demo_comparisons"])
    assert files.problems == ()
    assert {path.parent.parent for path in files.files} <= {Path(folder), out}
    found = {path.name: path.read_text("utf-8") for path in files.files}
    return found | {"terminal": "".join(text.plain(table) for table in files.tables)}


@given(hostile)
@settings(max_examples=25, deadline=None)
def test_a_hostile_ledger_gives_the_report_of_a_harmless_one(word):
    with TemporaryDirectory() as harmless_folder, TemporaryDirectory() as folder:
        harmless, found = report_of("word", harmless_folder), report_of(word, folder)
    assert set(found) == set(harmless)
    for name, content in found.items():
        assert not CONTROL.search(content), name
        if name.endswith(".html"):
            assert tags_of(content) == tags_of(harmless[name]), name
        elif name.endswith(".tex"):
            LatexWalker(content, tolerant_parsing=False).get_latex_nodes()
            assert r"\input" not in re.sub(r"(?<!\\)%.*", "", content)
        elif name.endswith(".md"):
            assert not re.search(r"(?<!\\)<(?!/?(?:sup|ins)>)", re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", content)), name
        elif name.endswith(".csv"):
            for row in csv.DictReader(io.StringIO(content)):
                texts = [row[column] for column in row if column not in ("value", "printed", "seed_values")]
                assert not any(text[:1] in ("=", "+", "-", "@") for text in texts), name
        if name != "index.html" and not name.endswith(".html"):
            assert content.count("\n") == harmless[name].count("\n"), name

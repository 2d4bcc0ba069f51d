"""Nothing that comes from the ledger can change a document or a terminal."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports import escape, html, labels, latex, markdown, spreadsheet, text
from reports.document import Cell, FailureGroup, Page, Row, Section, Table

NME = labels.column("nme_io", "test")
SPECIAL = "\\{}$&#%_^~<>|\"'`*[]()!=+-@ \n\t\x1b\x07\x00\u202eabcü\u0301[31m/"
nasty = st.text(alphabet=st.sampled_from(SPECIAL), min_size=1, max_size=30)


def table(label: str) -> Table:
    cell = Cell(value=0.07, unit=NME.unit, protocol=label or "p", trials=(label or "t",), n=1, asked=1, command=label)
    rows = (
        Row(label=label, cells=(cell,), detail=label, group=label, study=label),
        Row(label="empty", cells=(Cell(progress=label, command=label),)),
    )
    return Table(name="t", title=label, caption=label, columns=(NME,), rows=rows)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)


def tags_of(markup: str) -> list[str]:
    parser = Tags()
    parser.feed(markup)
    return parser.tags


HARMLESS = "harmless"


@given(nasty)
@settings(max_examples=200, deadline=None)
def test_no_text_changes_the_html(label):
    tags = tags_of(html.render(table(label)))
    usual = tags_of(html.render(table(HARMLESS)))
    assert set(tags) <= set(usual)
    assert tags.count("tr") == usual.count("tr")


@given(nasty)
@settings(max_examples=300, deadline=None)
def test_no_text_leaves_its_place_in_latex(label):
    escaped = escape.latex(label)
    # Take away what we write ourselves: what is left has no character that LaTeX acts upon.
    words = "textbackslash|textasciicircum|textasciitilde|textless|textgreater|textbar|textquotedbl"
    known = rf"\\(?:{words})\{{\}}|\\[{{}}$&#%_]"
    assert not re.search(r"[\\{}$&#%_^~]", re.sub(known, "", escaped))
    for line in latex.render(table(label)).splitlines():
        code = re.sub(r"(?<!\\)%.*", "", line)  # without comments
        plain = re.sub(r"\\[{}]", "", code)
        if not code.startswith((r"\resizebox", r"\end{tabular}")):
            assert plain.count("{") == plain.count("}"), line


@given(nasty)
@settings(max_examples=200, deadline=None)
def test_no_text_breaks_a_markdown_row(label):
    rows = [line for line in markdown.render(table(label)).splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) for row in rows} == {4}
    assert not re.search(r"(?<!\\)<(?!/?sup>)", re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", escape.markdown(label)))


@given(nasty)
@settings(max_examples=200, deadline=None)
def test_no_control_character_reaches_a_terminal_or_a_file(label):
    shown = table(label)
    for render in (text.plain, markdown.render, latex.render, spreadsheet.render, html.render):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", render(shown)), render


def test_a_label_that_is_a_formula_is_text_to_a_spreadsheet():
    line = spreadsheet.render(table('=HYPERLINK("http://x")')).splitlines()[1]
    assert "\"'=HYPERLINK(" in line


@pytest.mark.parametrize(
    ("given", "latex_text"),
    [("50% of a_b & c", r"50\% of a\_b \& c"), ("×10⁻³", r"$\times$10$^{-3}$"), ("6.85 ± 0.04", r"6.85 $\pm$ 0.04"),
     ("a\\b", r"a\textbackslash{}b"), ("\x1b[31mred\x1b[0m", "red")],
)  # fmt: skip
def test_latex_escapes(given, latex_text):
    assert escape.latex(given) == latex_text


def test_an_error_with_markup_is_shown_as_text_on_the_page():
    bad = "<script>alert(1)</script>\x1b[31m"
    failure = FailureGroup(error=bad, traceback=bad, trials=("t",), where=(bad,), command=bad)
    section = Section(name=bad, title=bad, text=bad, tables=(table(bad),))
    page = html.page(Page(title=bad, updated="", sections=(section,), failures=(failure,), problems=(bad,)), {})
    assert tags_of(page).count("script") == 1  # the page's own
    assert "\x1b" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("study", "file"),
    [
        ("demo", "demo"),
        ("../../etc/x", r"-\.\.-etc-x-[0-9a-f]{6}"),
        ("a b", "a-b-[0-9a-f]{6}"),
        ("", "unnamed-[0-9a-f]{6}"),
    ],
)
def test_a_file_stays_in_its_folder(study, file):
    assert re.fullmatch(file, escape.file_name(study))


def test_two_names_are_never_one_file():
    assert escape.file_name("研究") != escape.file_name("実験")

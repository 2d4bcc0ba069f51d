"""A table as LaTeX: booktabs, numbers aligned by siunitx. Every cell ends in a comment that names what is behind it.

The preamble needs \\usepackage{booktabs,siunitx,graphicx,longtable} and \\usepackage[T1]{fontenc}; citations are in the
report's references.bib.
"""

import re
from collections.abc import Sequence
from itertools import groupby

from orchestrator.errors import one_line
from reports import anchors, escape, labels
from reports.document import Row, Table

NUM_LINES_AT_FULL_SIZE = 24  # more are set smaller
NUM_LINES_OF_A_PAGE = 44  # more go over several pages
LONGEST_DETAIL_BESIDE = 30  # letters; longer ones take a line of their own
_NUMBER = re.compile(r"([+−]?)(\d+)(?:\.(\d+))?")


def render(table: Table) -> str:
    rows = labels.printed(table)
    formats = [_format([row.cells[place].number for row in rows]) for place in range(len(table.columns))]
    body, num_lines = _body(table, rows, formats)
    columns = "@{}lr" + "".join(rf"S[{_OPTIONS}={one}]@{{}}l" for one in formats) + "@{}"
    is_long = num_lines > NUM_LINES_OF_A_PAGE
    caption = rf"\caption{{{escape.latex(table.caption)}}}\label{{tab:{_key(table.name)}}}"
    lines = [
        "% Written by marksweep from its ledger. Needs "
        f"\\usepackage{{booktabs,siunitx,{'longtable' if is_long else 'graphicx'}}}.",
        *(f"% measured on: {one_line(protocol)}" for protocol in table.protocols),
        *(f"% fills the empty cells: {one_line(command)}" for command in table.commands),
        *(_long if is_long else _float)(caption, columns, _head(table), body, _notes(table), num_lines),
    ]
    return "\n".join(lines) + "\n"


def _float(caption: str, columns: str, head: list[str], body: list[str], notes: list[str], num_lines: int) -> list[str]:
    """On one page, and scaled down where it is wider than the text."""
    return [
        r"\begin{table}[tp]",
        r"\centering",
        caption,
        r"\small" if num_lines <= NUM_LINES_AT_FULL_SIZE else r"\scriptsize",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        *head,
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}}",
        *notes,
        r"\end{table}",
    ]


def _long(caption: str, columns: str, head: list[str], body: list[str], notes: list[str], num_lines: int) -> list[str]:
    """Over several pages, the head on each."""
    return [
        r"\begingroup\scriptsize\setlength{\tabcolsep}{3pt}",
        rf"\begin{{longtable}}{{{columns}}}",
        rf"{caption} \\",
        *(line for end in (r"\endfirsthead", r"\endhead") for line in (r"\toprule", *head, r"\midrule", end)),
        *body,
        r"\bottomrule",
        r"\end{longtable}",
        *notes,
        r"\endgroup",
    ]


def _body(table: Table, rows: Sequence[labels.PrintedRow], formats: Sequence[str]) -> tuple[list[str], int]:
    """The source of all rows, and how many lines they print."""
    width = 2 + 2 * len(table.columns)  # each number has a column, and one for what follows it
    comments = anchors.anchors(table)
    source: list[str] = []
    num_lines, index = 0, 0
    for group, grouped in groupby(rows, key=lambda row: row.row.group):
        members = list(grouped)
        citations = {printed.row.citation for printed in members}
        if source:
            source.append(r"\midrule")
        if group:
            source.append(rf"\multicolumn{{{width}}}{{@{{}}l}}{{\emph{{{escape.latex(group)}}}{_cite(citations)}}} \\")
            num_lines += 1
        for printed in members:
            cited = "" if group and len(citations) == 1 else _cite({printed.row.citation})
            source += _row(printed, comments[index], formats, cited)
            num_lines += 1 + _has_line_of_detail(printed.row)
            index += 1
    return source, num_lines


_OPTIONS = "detect-weight,retain-explicit-plus,table-format"


def _format(numbers: Sequence[str]) -> str:
    """Of siunitx: the sign, and the most digits before and after the point that a column needs."""
    found = [match for number in numbers if (match := _NUMBER.fullmatch(number))]
    sign = "+" if any(match[1] for match in found) else ""
    before = max((len(match[2]) for match in found), default=1)
    after = max((len(match[3] or "") for match in found), default=0)
    return f"{sign}{before}.{after}"


def _head(table: Table) -> list[str]:
    """Splits over metrics over units."""
    groups, rules, place = ["", ""], [], 3
    for name, members in groupby(table.columns, key=labels.column_group):
        count = 2 * len(list(members))
        groups.append(rf"\multicolumn{{{count}}}{{c}}{{{escape.latex(name)}}}")
        rules.append(rf"\cmidrule(lr){{{place}-{place + count - 1}}}")
        place += count
    titles = ["", "$n$", *(_over(labels.column_title(of)) for of in table.columns)]
    units = ["", "", *(_over(labels.column_unit(of)) for of in table.columns)]
    return [f"{' & '.join(groups)} \\\\", " ".join(rules), f"{' & '.join(titles)} \\\\", f"{' & '.join(units)} \\\\"]


def _row(printed: labels.PrintedRow, comments: Sequence[str], formats: Sequence[str], cited: str) -> list[str]:
    row = printed.row
    detail = escape.latex(row.detail)
    beside = rf" {{\scriptsize {detail}}}" if detail and not _has_line_of_detail(row) else ""
    lines = [f"{escape.latex(row.label)}{_marks(row.marks)}{beside}{cited}", f"  & {printed.n or '--'}"]
    if printed.is_empty:
        waits = next(place for place, cell in enumerate(row.cells) if cell.command)
        why = escape.latex(printed.cells[waits].text)
        lines.append(rf"  & \multicolumn{{{2 * len(row.cells)}}}{{l}}{{{why}}} % {comments[waits]}")
    for cell, form, comment in () if printed.is_empty else zip(printed.cells, formats, comments, strict=True):
        lines.append(f"  & {_cell(cell, form)} % {comment}")
    lines.append(r"  \\")
    if _has_line_of_detail(row):
        lines.append(rf"\multicolumn{{{2 + 2 * len(row.cells)}}}{{@{{}}l}}{{\quad\scriptsize {detail}}} \\")
    return lines


def _has_line_of_detail(row: Row) -> bool:
    return len(row.detail) > LONGEST_DETAIL_BESIDE


def _cell(cell: labels.Printed, form: str) -> str:
    """A number and, in the next column, what follows it; words stand across both."""
    after = rf"\,$\pm$\,{escape.latex(cell.spread)}" if cell.spread else ""
    after += rf"\,{{\scriptsize[{escape.latex(', '.join(cell.interval))}]}}" if cell.interval else ""
    after += rf" {{\scriptsize({escape.latex(cell.remark)})}}" if cell.remark else ""
    after += _marks(cell.marks)
    if not _NUMBER.fullmatch(cell.number):
        return _over(cell.number or cell.word, after)
    number = cell.number.replace("−", "-")
    if cell.underlined:  # a box as wide as the column's numbers: siunitx underlines none by itself
        return rf"{{\underline{{\tablenum[table-format={form}]{{{number}}}}}}} & {after}".rstrip()
    weight = r"\bfseries " if cell.bold else ""
    return f"{weight}{number} & {weight if after else ''}{after}".rstrip()


def _over(text: str, after: str = "") -> str:
    return rf"\multicolumn{{2}}{{c}}{{{escape.latex(text)}{after}}}"


def _cite(citations: set[str]) -> str:
    known = sorted(one for one in citations if one)
    return rf"~\cite{{{','.join(map(_key, known))}}}" if known else ""


def _notes(table: Table) -> list[str]:
    notes = [rf"\textsuperscript{{{escape.latex(note.mark)}}}~{escape.latex(note.text)}" for note in table.notes]
    if legend := labels.legend(table, "Bold", "underlined"):
        notes.append(escape.latex(legend))
    if not notes:
        return []
    opening = [r"\par\smallskip", r"\noindent\begin{minipage}{\linewidth}\scriptsize"]
    return [*opening, *(f"{note}\\par" for note in notes), r"\end{minipage}"]


def _marks(marks: tuple[str, ...]) -> str:
    return rf"\textsuperscript{{{escape.latex(','.join(marks))}}}" if marks else ""


def _key(name: str) -> str:
    """A label's key takes letters, digits and a few signs as they are."""
    return "".join(char if char.isascii() and (char.isalnum() or char in "-_:.") else "-" for char in name)

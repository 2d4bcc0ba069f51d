"""A table as LaTeX with booktabs. Every cell ends in a comment that names the trials behind it.

The preamble needs \\usepackage{booktabs}, for wide tables graphicx too; \\usepackage[T1]{fontenc} is wise.
"""

from itertools import groupby

from orchestrator.errors import one_line
from reports import escape, labels
from reports.document import Cell, Column, Table

NUM_COLUMNS_AT_FULL_SIZE = 8  # more are scaled to the width of the text


def render(table: Table) -> str:
    rows = labels.printed(table)
    width = len(table.columns) + 2
    body: list[str] = []
    for index, (group, members) in enumerate(groupby(rows, key=lambda row: row.row.group)):
        if index:
            body.append(r"\midrule")
        if group:
            body.append(rf"\multicolumn{{{width}}}{{@{{}}l}}{{\emph{{{escape.latex(group)}}}}} \\")
        for row in members:
            body += _row(table, row)
    is_wide = width > NUM_COLUMNS_AT_FULL_SIZE
    lines = [
        f"% Written by marksweep from its ledger. Needs \\usepackage{{booktabs{',graphicx' if is_wide else ''}}}.",
        *(f"% measured on: {one_line(protocol)}" for protocol in table.protocols),
        *(f"% fills the empty cells: {one_line(command)}" for command in table.commands),
        r"\begin{table}[t]",
        r"\centering",
        rf"\caption{{{escape.latex(table.caption)}}}",
        rf"\label{{tab:{_key(table.name)}}}",
        r"\small",
        *([r"\resizebox{\linewidth}{!}{%"] if is_wide else []),
        rf"\begin{{tabular}}{{@{{}}l{'r' * (width - 1)}@{{}}}}",
        r"\toprule",
        *_head(table),
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}" + ("}" if is_wide else ""),
        *_notes(table),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _head(table: Table) -> list[str]:
    """Splits over metrics over units."""
    groups, rules, place = ["", ""], [], 3
    for name, members in groupby(table.columns, key=labels.column_group):
        count = len(list(members))
        groups.append(rf"\multicolumn{{{count}}}{{c}}{{{escape.latex(name)}}}")
        rules.append(rf"\cmidrule(lr){{{place}-{place + count - 1}}}")
        place += count
    titles = ["", "$n$", *(escape.latex(labels.column_title(of)) for of in table.columns)]
    units = ["", "", *(escape.latex(labels.column_unit(of)) for of in table.columns)]
    return [f"{' & '.join(groups)} \\\\", " ".join(rules), f"{' & '.join(titles)} \\\\", f"{' & '.join(units)} \\\\"]


def _row(table: Table, printed: labels.PrintedRow) -> list[str]:
    row = printed.row
    cite = f" % cite: {one_line(row.citation)}" if row.citation else ""
    lines = [f"{escape.latex(row.label)}{_marks(row.marks)}{cite}", f"  & {printed.n or '--'}"]
    for of, cell, words in zip(table.columns, row.cells, printed.cells, strict=True):
        lines.append(f"  & {_cell(words)} % {_comment(of, cell)}")
    lines.append(r"  \\")
    if row.detail:
        detail = escape.latex(row.detail)
        lines.append(rf"\multicolumn{{{len(row.cells) + 2}}}{{@{{}}l}}{{\quad\scriptsize {detail}}} \\")
    return lines


def _cell(cell: labels.Printed) -> str:
    number = escape.latex(cell.number or cell.word)
    if cell.spread:
        number += rf" $\pm$ {escape.latex(cell.spread)}"
    if cell.bold:
        number = rf"\textbf{{{number}}}"
    remark = rf" {{\scriptsize({escape.latex(cell.remark)})}}" if cell.remark else ""
    return number + remark + _marks(cell.marks)


def _comment(of: Column, cell: Cell) -> str:
    where = f"{of.metric} {of.split}" + ("" if of.subset == "all" else f" {of.subset}")
    where += f", {of.group} {of.title}" if of.group else ""
    if cell.source == "literature":
        return one_line(f"{where}: published; {cell.protocol}" if cell.protocol else f"{where}: not published")
    behind = f"trials {' '.join(cell.trials)}" if cell.trials else cell.text or cell.progress
    return one_line(f"{where}: {behind}" + (f"; fill with: {cell.command}" if cell.command else ""))


def _notes(table: Table) -> list[str]:
    if not table.notes:
        return []
    notes = [rf"\textsuperscript{{{escape.latex(note.mark)}}}~{escape.latex(note.text)}" for note in table.notes]
    opening = [r"\par\smallskip", r"\begin{minipage}{\linewidth}\footnotesize"]
    return [*opening, *(f"{note}\\par" for note in notes), r"\end{minipage}"]


def _marks(marks: tuple[str, ...]) -> str:
    return rf"\textsuperscript{{{escape.latex(','.join(marks))}}}" if marks else ""


def _key(name: str) -> str:
    """A label's key takes letters, digits and a few signs as they are."""
    return "".join(char if char.isascii() and (char.isalnum() or char in "-_:.") else "-" for char in name)

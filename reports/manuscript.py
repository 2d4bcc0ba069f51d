"""Which numbers of a manuscript are no longer what the ledger says.

A line with an anchor (see `anchors`) prints a number: a cell of a table, or a sentence. The number is compared as it
is printed, with as many digits as it has there: 5.6 is right for 5.61, and wrong for 5.66.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from reports import anchors, labels, registry
from reports.anchors import Anchor
from reports.document import Cell, Column, Table
from reports.latex_numbers import PrintedNumber, agrees, numbers_in
from reports.names import did_you_mean
from reports.query import Results

Verdict = Literal["agrees", "differs", "gone", "unfilled"]

_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%.*")
_INCLUDED = re.compile(
    r"\\(?:input|include|subfile)(?:\s*\{(?P<braced>[^}]+)\}|\s+(?P<bare>[^\s{}\\]+))"
    r"|\\(?:sub)?import\*?\s*\{(?P<folder>[^}]*)\}\s*\{(?P<file>[^}]+)\}"
)
_IS_CELL = re.compile(r"\s*&")
_CELL_WITH_DECIMALS = re.compile(r"&.*\d\.\d")


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What became of one number of the manuscript."""

    where: str  # "paper.tex:41"
    anchor: Anchor
    verdict: Verdict
    manuscript: str = ""  # what it prints
    ledger: str = ""
    why: str = ""  # it is gone, or not there yet
    has_other_trials: bool = False  # than when it was printed
    is_table_gone: bool = False  # then all of its numbers are gone for one reason

    def __str__(self) -> str:
        cell = f"{self.where}: {self.anchor.table} | {self.anchor.row} | {self.anchor.column}"
        if self.verdict in ("gone", "unfilled"):
            return f"{cell}: {self.why}"
        others = ", which has other trials now" if self.has_other_trials else ""
        return f"{cell}: the manuscript says {self.manuscript or 'no number'}, the ledger {self.ledger}{others}"


@dataclass(frozen=True, kw_only=True)
class Manuscript:
    """A manuscript as it was checked."""

    files: tuple[str, ...]
    left_out: tuple[str, ...]  # what it includes and could not be read, with the reason
    numbers: tuple[Checked, ...]
    num_without_anchor: int  # lines of tables with decimals

    @property
    def gone_tables(self) -> tuple[str, ...]:
        """Tables that there are no more, one line each."""
        found: dict[tuple[str, str], int] = {}
        for one in self.numbers:
            if one.is_table_gone:
                found[one.anchor.table, one.why] = found.get((one.anchor.table, one.why), 0) + 1
        return tuple(f"{table} ({_counted(num, 'number')}): {why}" for (table, why), num in found.items())

    def count(self, verdict: Verdict) -> int:
        return sum(one.verdict == verdict for one in self.numbers)

    @property
    def is_right(self) -> bool:
        """Whether all of it was read, some number could be compared, and none is another one."""
        return bool(self.numbers) and not self.left_out and not self.count("differs") and not self.count("gone")

    def __str__(self) -> str:
        num_files = _counted(len(self.files), "file")
        if not self.numbers:
            return f"No number in {num_files} has an anchor: copy tables with the comments at the ends of their lines."
        counts = {verdict: self.count(verdict) for verdict in ("agrees", "differs", "gone", "unfilled")}
        words = [f"{counts['agrees']} agree"]
        words += [f"{counts['differs']} differ{'s' if counts['differs'] == 1 else ''}"] if counts["differs"] else []
        words += [f"{counts['gone']} {'is' if counts['gone'] == 1 else 'are'} gone"] if counts["gone"] else []
        words += [f"{counts['unfilled']} not filled yet"] if counts["unfilled"] else []
        others = (
            f" {_counted(self.num_without_anchor, 'line')} of tables without an anchor."
            if self.num_without_anchor
            else ""
        )
        return f"{_counted(len(self.numbers), 'number')} in {num_files}: {', '.join(words)}.{others}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def check(results: Results, manuscript: Path, names: Sequence[str] = ()) -> Manuscript:
    """Compare every line with an anchor, also of the files that the manuscript includes. Builds only what is named.

    `names`: a user's own tables (.py files) among them are known, too. ValueError if there is no such manuscript.
    """
    if not manuscript.is_file():
        raise ValueError(f"No manuscript {manuscript}. Give the path of a .tex file.")
    files, left_out = _read(manuscript)
    lines = [(f"{path}:{number}", line) for path, text in files.items() for number, line in _lines(text)]
    # What stands in a comment as a whole is not printed.
    found = [(where, line, each) for where, line in lines if (each := anchors.parse(line)) and _printed(line).strip()]
    tables = _Tables(results, names)
    return Manuscript(
        files=tuple(map(str, files)),
        left_out=left_out,
        numbers=tuple(tables.checked(where, _printed(line), anchor) for where, line, anchor in found),
        num_without_anchor=sum(
            bool(_CELL_WITH_DECIMALS.search(_printed(line))) for _, line in lines if anchors.parse(line) is None
        ),
    )


def _read(manuscript: Path) -> tuple[dict[Path, str], tuple[str, ...]]:
    """The text of the manuscript and of all that it includes from below its folder; what could not be read, and why."""
    folder = manuscript.resolve().parent
    found: dict[Path, str] = {}
    left_out: dict[str, None] = {}
    waiting = [manuscript]
    while waiting:
        path = waiting.pop(0)
        if path in found:
            continue
        found[path] = path.read_text(encoding="utf-8", errors="replace")
        for number, line in _lines(found[path]):
            for found_name in _INCLUDED.finditer(_printed(line)):
                name = found_name["braced"] or found_name["bare"] or found_name["folder"] + found_name["file"]
                exact = manuscript.parent / name.strip()
                included = exact if exact.suffix == ".tex" else exact.with_name(f"{exact.name}.tex")
                if not included.resolve().is_relative_to(folder):
                    left_out[f"{path}:{number}: {name} is not below the manuscript's folder, so it is not read."] = None
                elif not included.is_file():
                    left_out[f"{path}:{number}: {name} is missing: there is no {included}."] = None
                else:
                    waiting.append(included)
    return found, tuple(left_out)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    return enumerate(text.partition(r"\end{document}")[0].splitlines(), start=1)


def _printed(line: str) -> str:
    """The line without its comment."""
    return _COMMENT.sub(r"\1", line)


class _Tables:
    """The tables that a manuscript names, each built once."""

    def __init__(self, results: Results, names: Sequence[str]) -> None:
        found = [item for item in registry.items(results, names) if not item.is_figure]
        self._items = {anchors.table_key(item.name): item for item in found}
        self._built: dict[str, Table | str] = {}  # or why there is none

    def checked(self, where: str, line: str, anchor: Anchor) -> Checked:
        found = self._find(anchor)
        if isinstance(found, str):
            is_table_gone = isinstance(self._table(anchor.table), str)
            return Checked(where=where, anchor=anchor, verdict="gone", why=found, is_table_gone=is_table_gone)
        of, cell, ledger = found
        said = numbers_in(line)
        is_cell = _IS_CELL.match(line) is not None
        candidates = said[:1] if is_cell else _as_precise(said, ledger)
        one = Checked(
            where=where,
            anchor=anchor,
            verdict="differs",
            manuscript=" or ".join(map(str, candidates)),
            ledger=ledger,
            has_other_trials=bool(anchor.trials) and set(anchor.trials) != set(cell.trials),
        )
        was_empty = not candidates or bool(anchor.remark and not anchor.trials)
        if cell.value is None and cell.command and was_empty:
            why = f"there is no number yet: {ledger}. Fill it with: {cell.command}"
            return replace(one, verdict="unfilled", why=why)
        if cell.value is None and said == numbers_in(ledger):  # words, such as "24.1+28.3"
            return replace(one, verdict="agrees")
        if any(agrees(number, cell, of, needs_sign=is_cell) for number in candidates):
            return replace(one, verdict="agrees")
        return one

    def _find(self, anchor: Anchor) -> tuple[Column, Cell, str] | str:
        """The cell with its column and what it prints, or why it is gone."""
        table = self._table(anchor.table)
        if isinstance(table, str):
            return table
        rows, columns = anchors.row_keys(table), anchors.column_keys(table)
        for what, name, known in (("row", anchor.row, rows), ("column", anchor.column, columns)):
            if name not in known:
                return f"{anchor.table} has no {what} {name!r} any more.{did_you_mean(name, known)}"
        row, column = rows.index(anchor.row), columns.index(anchor.column)
        return table.columns[column], table.rows[row].cells[column], labels.printed(table)[row].cells[column].text

    def _table(self, name: str) -> Table | str:
        if name not in self._built:
            self._built[name] = self._build(name)
        return self._built[name]

    def _build(self, name: str) -> Table | str:
        if name not in self._items:
            own = " A table of your own is known by its file: marksweep report MY_TABLE.py --check …"
            return f"no table is called so.{did_you_mean(name, list(self._items)) or own}"
        try:
            built = self._items[name].build()
        except ValueError as error:
            return f"the table cannot be built: {error}"
        return built if isinstance(built, Table) else "the table has nothing to show."


def _as_precise(said: Sequence[PrintedNumber], ledger: str) -> Sequence[PrintedNumber]:
    """The numbers of a sentence that can be the one that is meant: of a value with decimals, those that have some."""
    with_decimals = [number for number in said if "." in number.number]
    return with_decimals if "." in ledger and with_decimals else said

"""Tables as HTML fragments, and the page as one file that opens from disk without a network."""

from collections.abc import Mapping
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orchestrator.errors import lines
from reports import labels
from reports.document import Cell, Column, Page, Table

TEMPLATES = Path(__file__).parent / "templates"


def render(table: Table) -> str:
    """A fragment: the table with its notes, protocols and trials. The page's style sheet makes it pretty."""
    columns = [
        {
            "title": labels.column_title(of),
            "metric": labels.metric_title(of),
            "heading": f"{of.group} {labels.column_title(of)}" if of.group else f"{of.split} {of.metric}",
            "unit": labels.column_unit(of),
            "meaning": labels.column_meaning(of),
            "difference": of.difference,
        }
        for of in table.columns
    ]
    rows = [
        {
            "row": printed.row,
            "printed": printed,
            "cells": [
                {"words": words, "tooltip": _tooltip(of, cell), "missing": cell.value is None, "cell": cell}
                for of, cell, words in zip(table.columns, printed.row.cells, printed.cells, strict=True)
            ],
            "waits_for": next((cell for cell in printed.row.cells if cell.command), None) if printed.is_empty else None,
        }
        for printed in labels.printed(table)
    ]
    template = _environment().get_template("table.html.j2")
    return template.render(
        table=table,
        columns=columns,
        meanings={column["metric"]: column["meaning"] for column in columns},
        column_groups=[(name, len(list(members))) for name, members in groupby(table.columns, labels.column_group)],
        row_groups=[(name, list(members)) for name, members in groupby(rows, lambda row: row["row"].group)],
        behind=[_behind(row["row"], table) for row in rows if row["row"].source == "ours" and not row["waits_for"]],
    )


def page(content: Page, pictures: Mapping[str, tuple[str, str]]) -> str:
    """The whole page. `pictures`: figure name → data URI of its picture for light and for dark paper."""
    fragments = {
        table.name: Markup(render(table))  # safe: rendered by the same escaping environment
        for section in content.sections
        for table in section.tables
    }
    template = _environment().get_template("page.html.j2")
    return template.render(page=content, fragments=fragments, pictures=pictures)


@cache
def _environment() -> Environment:
    """Escapes everything, and drops control characters from every text on its way out."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=lambda value: lines(value) if type(value) is str else value,
    )


def _tooltip(of: Column, cell: Cell) -> str:
    """Everything behind one number, for the pointer; the details below the table say it for everyone else."""
    if cell.value is None:
        return f"{cell.progress}: {cell.command}" if cell.command else cell.text
    lines = [f"{cell.value!r} {cell.unit}", cell.protocol]
    if cell.spread is not None:
        lines[0] = f"{cell.value!r} ± {cell.spread!r} {cell.unit}"
    if len(cell.trials) == len(cell.seed_values):
        lines += [
            f"seed {seed}, trial {trial}: {labels.number(value, of)}"
            for seed, trial, value in zip(cell.seeds, cell.trials, cell.seed_values, strict=True)
        ]
    elif cell.trials:
        lines.append("trials " + " ".join(cell.trials))
    return "\n".join(lines)


def _behind(row: Any, table: Table) -> dict[str, Any]:
    """The trials of a row, each with its own value in every column."""
    values: dict[tuple[int, str], dict[int, str]] = {}
    for place, (of, cell) in enumerate(zip(table.columns, row.cells, strict=True)):
        if cell.value is not None and len(cell.trials) == len(cell.seed_values):
            for seed, trial, value in zip(cell.seeds, cell.trials, cell.seed_values, strict=True):
                values.setdefault((seed, trial), {})[place] = labels.number(value, of)
    shown = [place for place, of in enumerate(table.columns) if not of.difference]
    return {
        "label": row.label,
        "study": row.study,
        "variant": row.variant,
        "trials": [
            (seed, trial, [mine.get(place, labels.MISSING) for place in shown])
            for (seed, trial), mine in sorted(values.items())
        ],
    }

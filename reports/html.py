"""Tables as HTML fragments, and the page as one file that opens from disk without a network."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orchestrator.errors import lines
from reports import labels
from reports.document import Cell, Column, Page, Settings, Table

TEMPLATES = Path(__file__).parent / "templates"
MOST_VARIANTS = 60  # whose settings are shown side by side


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
                _shown(of, cell, words)
                for of, cell, words in zip(table.columns, printed.row.cells, printed.cells, strict=True)
            ],
            "waits_for": next((cell for cell in printed.row.cells if cell.command), None) if printed.is_empty else None,
        }
        for printed in labels.printed(table)
    ]
    template = _environment().get_template("table.html.j2")
    return template.render(
        table=table,
        legend=labels.legend(table, "Bold", "underlined"),
        columns=columns,
        meanings={column["metric"]: column["meaning"] for column in columns},
        column_groups=[(name, len(list(members))) for name, members in groupby(table.columns, labels.column_group)],
        # Published rows and ours are sorted apart, also where they stand under one heading.
        row_groups=[
            (name, [list(members) for _, members in groupby(group, lambda row: row["row"].source)])
            for name, group in groupby(rows, lambda row: row["row"].group)
        ],
        behind=[_behind(row["row"], table) for row in rows if row["row"].source == "ours" and not row["waits_for"]],
    )


def page(
    content: Page,
    pictures: Mapping[str, tuple[str, str]],
    refresh: int | None = None,
    rendered: Mapping[str, str] | None = None,
) -> str:
    """The whole page. `pictures`: figure name → data URI of its picture for light and for dark paper.

    `refresh`: after so many seconds the browser reads the file again. `rendered`: table name → what `render` makes of
    it, where that has been done already.
    """
    tables = [table for section in content.sections for table in section.tables]
    cells = [cell for table in tables for row in table.rows for cell in row.cells]
    script = (TEMPLATES / "page.js").read_text("utf-8")
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            page=content,
            # Safe: rendered by the same escaping environment.
            fragments={table.name: Markup((rendered or {}).get(table.name) or render(table)) for table in tables},
            settings={
                section.name: _side_by_side(section.settings) for section in content.sections if section.settings
            },
            pictures=pictures,
            refresh=refresh,
            has_seeds=any(cell.seed_values for cell in cells),
            has_intervals=any(cell.interval for cell in cells),
            script=Markup(script),
            script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
        )
    )


@cache
def _environment() -> Environment:
    """Escapes everything, and drops control characters from every text on its way out."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_visible,
    )


def _visible(value: Any) -> Any:
    # Half of a page's time went into `lines`, which changes no text that is printable but for its line breaks.
    if type(value) is not str or value.replace("\n", " ").isprintable():
        return value
    return lines(value)


def _shown(of: Column, cell: Cell, words: labels.Printed) -> dict[str, Any]:
    """A cell with what the page shows of it on demand."""
    signed = replace(of, difference=of.difference or cell.difference)
    return {
        "words": words,
        "tooltip": _tooltip(of, cell),
        "missing": cell.value is None,
        "value": str(cell.value).replace("inf", "Infinity"),  # as JavaScript reads it
        "seeds": "\n".join(labels.number(value, signed) for value in cell.seed_values),
        "interval": ", ".join(labels.interval(cell.interval, signed)) if cell.interval and not words.interval else "",
    }


def _side_by_side(settings: Settings) -> dict[str, Any]:
    """The settings as a grid: what there is more of, variants or settings, goes down."""
    shown = settings.labels[:MOST_VARIANTS]
    grid = [
        [
            {"words": words or labels.MISSING, "differs": words not in ("", of_variants[0])}
            for words in of_variants[: len(shown)]
        ]
        for _, of_variants in settings.values
    ]
    paths = [path for path, _ in settings.values]
    down = len(shown) >= len(paths)
    return {
        "variants_go_down": down,
        "heads": paths if down else shown,
        "rows": list(zip(shown, zip(*grid, strict=True), strict=True)) if down else list(zip(paths, grid, strict=True)),
        "first": shown[0],
        "shown": len(shown),
        "of": len(settings.labels),
    }


def _tooltip(of: Column, cell: Cell) -> str:
    """Everything behind one number, for the pointer; the details below the table say it for everyone else."""
    if cell.value is None:
        return f"{cell.progress}: {cell.command}" if cell.command else cell.text
    parts = [f"{cell.value!r} {cell.unit}", cell.protocol]
    if cell.spread is not None:
        parts[0] = f"{cell.value!r} ± {cell.spread!r} {cell.unit}"
    if len(cell.trials) == len(cell.seed_values):
        parts += [
            f"seed {seed}, trial {trial}: {labels.number(value, of)}"
            for seed, trial, value in zip(cell.seeds, cell.trials, cell.seed_values, strict=True)
        ]
    elif cell.trials:
        parts.append("trials " + " ".join(cell.trials))
    return "\n".join(parts)


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

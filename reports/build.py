"""Write a report: every chosen table and figure as files, and the page that holds them all."""

import base64
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.errors import one_line
from reports import bibliography, escape, html, latex, markdown, registry, spreadsheet, whole_files
from reports.anonymous import anonymised, secrets_of
from reports.document import Page, Table
from reports.drawing import Figure
from reports.drawn_figures import DrawnFigures
from reports.page import build_page
from reports.query import Results
from reports.registry import Item

log = logging.getLogger(__name__)

RENDERERS: dict[str, Callable[[Table], str]] = {
    ".md": markdown.render,
    ".tex": latex.render,
    ".csv": spreadsheet.render,
    ".html": html.render,
}


@dataclass(frozen=True, kw_only=True)
class ReportFiles:
    """What was written. `problems` are tables that refused to be built, in words for the user."""

    index: Path
    files: tuple[Path, ...]
    page: Page

    @property
    def problems(self) -> tuple[str, ...]:
        return self.page.problems

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple(table for section in self.page.sections for table in section.tables)

    @property
    def figures(self) -> tuple[Figure, ...]:
        return tuple(figure for section in self.page.sections for figure in section.figures)


def build_report(
    results: Results,
    out: Path,
    names: Sequence[str] = (),
    progress: Callable[[str], None] = lambda _: None,
    anonymous: bool = False,
    refresh: int | None = None,
) -> ReportFiles:
    """Tables to out/tables, figures to out/figures, out/references.bib of what tables cite, and out/index.html with
    everything in it.

    `names` choose tables, figures, studies or a user's own files; none means all but these. ValueError if one is
    unknown, before anything is written. `progress` hears the name of each item before it is built, then of each file
    before it is written. `anonymous`: see `anonymous.py`; `refresh`: see `html.page`.
    """
    chosen = registry.select(registry.items(results, names), names)
    with DrawnFigures(out, sum(item.is_figure for item in chosen), keeps=not anonymous) as figures:
        items = chosen if anonymous else [_drawn_early(item, figures) for item in chosen]
        page = build_page(results, items, progress, is_whole=not names)
        if anonymous:
            page = anonymised(page, secrets_of(results.ledger))
        page = _drawable(page, figures)
        pictures: dict[str, tuple[str, str]] = {}
        tables: dict[str, str] = {}
        files = []
        for path, content in _files(page, figures, pictures, tables):
            progress(path)
            files.append(whole_files.write(out / path, content))
    index = whole_files.write(out / "index.html", html.page(page, pictures, refresh, tables).encode("utf-8"))
    log.info("%s: %d files, %d problems", index, len(files) + 1, len(page.problems))
    return ReportFiles(index=index, files=(*files, index), page=page)


def _drawn_early(item: Item, figures: DrawnFigures) -> Item:
    """The item, whose figure is drawn while the next items are built."""

    def build() -> Table | Figure | None:
        made = item.build()
        if isinstance(made, Figure):
            figures.begin(made)
        return made

    return replace(item, build=build)


def _drawable(page: Page, figures: DrawnFigures) -> Page:
    """The page without the figures that cannot be drawn, which become problems."""
    problems: dict[str, str] = {}
    for figure in (figure for section in page.sections for figure in section.figures):
        try:
            figures.of(figure)
        except Exception as error:
            log.debug("%s", figure.name, exc_info=True)
            problems[figure.name] = f"{figure.name} cannot be drawn: {type(error).__name__}: {one_line(str(error))}"
    if not problems:
        return page
    sections = (
        replace(section, figures=tuple(figure for figure in section.figures if figure.name not in problems))
        for section in page.sections
    )
    return replace(page, sections=tuple(sections), problems=(*page.problems, *problems.values()))


def _files(
    page: Page, figures: DrawnFigures, pictures: dict[str, tuple[str, str]], tables: dict[str, str]
) -> Iterator[tuple[str, bytes]]:
    """Path and content of each file beside the page. Keeps in `pictures` and `tables` what the page inlines."""
    for section in page.sections:
        for table in section.tables:
            tables[table.name] = html.render(table)
            for suffix, render in RENDERERS.items():
                content = tables[table.name] if render is html.render else render(table)
                yield f"tables/{escape.file_name(table.name)}{suffix}", content.encode("utf-8")
        for figure in section.figures:
            drawn = figures.of(figure)
            kind = "jpeg" if figure.draw == "faces" else "png"
            pictures[figure.name] = (_data_uri(drawn.light, kind), _data_uri(drawn.dark, kind))
            yield f"figures/{escape.file_name(figure.name)}.pdf", drawn.pdf
            yield f"figures/{escape.file_name(figure.name)}.png", drawn.png
    if keys := bibliography.cited(table for section in page.sections for table in section.tables):
        yield "references.bib", bibliography.render(keys).encode("utf-8")


def _data_uri(picture: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode('ascii')}"

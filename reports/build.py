"""Write a report: every chosen table and figure as files, and the page that holds them all."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports import escape, html, latex, markdown, plots, registry, spreadsheet, themes
from reports.document import Page, Table
from reports.page import build_page
from reports.query import Results

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


def build_report(
    results: Results, out: Path, names: Sequence[str] = (), progress: Callable[[str], None] = lambda _: None
) -> ReportFiles:
    """Tables to out/tables, figures to out/figures, and out/index.html with everything in it.

    `names` choose tables, figures or studies; none means all. ValueError if one is unknown, before anything is written.
    `progress` hears the name of each item before it is built, then of each file before it is written.
    """
    chosen = registry.select(registry.items(results), names)
    page = build_page(results, chosen, progress)
    pictures: dict[str, tuple[str, str]] = {}
    files = []
    for path, content in _files(page, pictures):
        progress(path)
        files.append(_write(out / path, content))
    index = _write(out / "index.html", html.page(page, pictures).encode("utf-8"))
    log.info("%s: %d files, %d problems", index, len(files) + 1, len(page.problems))
    return ReportFiles(index=index, files=(*files, index), page=page)


def _files(page: Page, pictures: dict[str, tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    """Path and content of each file beside the page. Keeps in `pictures` what the page inlines."""
    for section in page.sections:
        for table in section.tables:
            for suffix, render in RENDERERS.items():
                yield f"tables/{escape.file_name(table.name)}{suffix}", render(table).encode("utf-8")
        for figure in section.figures:
            pictures[figure.name] = (plots.data_uri(figure, themes.LIGHT), plots.data_uri(figure, themes.DARK))
            yield f"figures/{escape.file_name(figure.name)}.pdf", plots.pdf(figure)
            yield f"figures/{escape.file_name(figure.name)}.png", plots.png(figure)


def _write(path: Path, content: bytes) -> Path:
    """Beside, then renamed: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)
    return path

"""The page of a report in a browser: what a reader can do with it, and that nothing leaves the file."""

import copy
import json
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from reports import html, labels
from reports.build import build_report
from reports.document import Cell, Note, Progress, Row, Section, Table
from reports.document import Page as Content
from reports.query import Results

CHROMIUM = shutil.which("chromium")
FLAGS = ("no-sandbox", "disable-gpu", "disable-background-networking", "disable-component-update", "disable-sync",
         "no-first-run")  # fmt: skip
SHOWN = ("resnet18_1", "resnet18_ytf68_overview", "resnet18_ytf68_ced")
OVERVIEW = "#table-resnet18_ytf68_overview"
DARK_PAPER, LIGHT_PAPER = "rgb(16, 18, 21)", "rgb(252, 251, 248)"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt install chromium")


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[f"--{flag}" for flag in FLAGS])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def report(realistic, tmp_path_factory):
    """A study of three variants, one of which had another setting, with its tables and a figure."""
    ledger = copy.deepcopy(realistic)
    augmented = {row["trial"] for row in ledger.rows["studies"] if row["label"] == "augmented"}
    for row in ledger.rows["trials"]:
        flip = 0.5 if row["trial"] in augmented else 0.0
        row["config"] = json.dumps({"method": {"kind": "resnet18"}, "recipe": {"flip": flip}, "seed": row["seed"]})
    return build_report(Results(ledger), tmp_path_factory.mktemp("page"), SHOWN).index


@pytest.fixture(scope="module")
def sortable(tmp_path_factory):
    path = tmp_path_factory.mktemp("sortable") / "index.html"
    path.write_text(html.page(_widths(), {}), "utf-8")
    return path


def _widths():
    """A table of two groups: published rows, then ours, of which one is infinite, one empty and one not run."""
    column = labels.column("nme_io", "test")
    published = {"B-net": 0.0412, "A-net": 0.0299, "C-net": None}
    ours = {"width 9": 0.05, "width 10": 0.050001, "width 2": float("inf"), "width 1": None, "width 30": 0.0123}
    rows = [Row(label=label, group="Networks", source="literature", cells=(_cell(value, "literature"),))
            for label, value in published.items()]  # fmt: skip
    rows += [Row(label=label, group="Networks", cells=(_cell(value, "ours"),)) for label, value in ours.items()]
    rows.append(Row(label="width 4", group="Networks", cells=(Cell(progress="not run", command="marksweep run x"),)))
    table = Table(
        name="widths", title="Widths", caption="", columns=(column,), rows=tuple(rows), notes=(Note("†", "differs"),)
    )
    return Content(title="report", updated="", sections=(Section(name="one", title="One", tables=(table,)),))


def _cell(value, source):
    if value is None:
        return Cell(text="n/a")
    trials = ("abc",) if source == "ours" else ()
    return Cell(value=value, unit="fraction", protocol="p", source=source, trials=trials, n=len(trials), marks=("†",))


@pytest.fixture
def opened(browser):
    """Opens a file in a context of its own. Errors, messages and requests for anything else fail the test."""
    contexts, heard, files = [], [], set()

    def open_page(path, **how) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **how})
        contexts.append(context)
        context.on("console", lambda message: heard.append(f"console: {message.text}"))
        context.on("weberror", lambda error: heard.append(f"error: {error.error}"))
        context.on("request", lambda request: heard.append(f"request: {request.url}"))
        page = context.new_page()
        files.add(f"request: {path.as_uri()}")
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert heard
    assert [one for one in heard if one not in files and not one.startswith("request: data:")] == []


def labels_of(page, table="#table-widths"):
    return page.locator(f"{table} tbody th.label").evaluate_all("all => all.map(th => th.firstChild.textContent)")


def values_of(page, table, column):
    """What a column shows, as the numbers behind it, group by group."""
    return page.locator(f"{table} tbody").evaluate_all(
        "(all, column) => all.map(body => [...body.querySelectorAll('tr:not(.group)')]"
        ".map(row => Number(row.cells[column]?.dataset.value ?? NaN)))",
        column,
    )


def header(page, column, table="#table-widths"):
    return page.locator(f"{table} .titles th").nth(column)


def background(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


PUBLISHED, OURS = ["B-net", "A-net", "C-net"], ["width 9", "width 10", "width 2", "width 1", "width 30", "width 4"]


def test_a_click_sorts_each_group_by_unrounded_values_and_keeps_empty_cells_last(opened, sortable):
    page = opened(sortable)
    assert labels_of(page) == PUBLISHED + OURS
    button = header(page, 2).get_by_role("button")
    button.click()
    rising = ["A-net", "B-net", "C-net", "width 30", "width 9", "width 10", "width 2", "width 1", "width 4"]
    assert labels_of(page) == rising
    assert header(page, 2).get_attribute("aria-sort") == "ascending"
    button.click()
    falling = ["B-net", "A-net", "C-net", "width 2", "width 10", "width 9", "width 30", "width 1", "width 4"]
    assert labels_of(page) == falling
    assert header(page, 2).get_attribute("aria-sort") == "descending"
    button.click()
    assert labels_of(page) == PUBLISHED + OURS
    assert page.locator("[aria-sort]").count() == 0


def test_the_keyboard_sorts_and_a_screen_reader_hears_it(opened, sortable):
    page = opened(sortable)
    header(page, 0).get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert labels_of(page)[3:] == ["width 1", "width 2", "width 4", "width 9", "width 10", "width 30"]
    assert page.get_by_role("status").inner_text() == "Widths: row, sorted, ascending"
    page.keyboard.press("Space")
    assert labels_of(page)[:3] == ["C-net", "B-net", "A-net"]
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert header(page, 2).get_attribute("aria-sort") == "ascending"
    assert header(page, 0).get_attribute("aria-sort") is None


def test_every_column_of_a_report_sorts(opened, report):
    page = opened(report)
    titles = page.locator(f"{OVERVIEW} .titles th")
    for column in range(1, titles.count()):
        (before,) = values_of(page, OVERVIEW, column)
        titles.nth(column).get_by_role("button").click()
        (after,) = values_of(page, OVERVIEW, column)
        known = [value for value in before if value == value]
        assert after[: len(known)] == sorted(known)
        assert all(value != value for value in after[len(known) :])


def test_seeds_are_shown_on_demand_and_by_keyboard(opened, report, realistic):
    page = opened(report)
    trials = {row["trial"] for row in realistic.rows["studies"] if row["label"] == "plain"}
    errors = [
        row["value"] for row in realistic.rows["evaluations"]
        if row["trial"] in trials and (row["metric"], row["split"]) == ("nme_io", "test")
    ]  # fmt: skip
    seeds = page.locator(f"{OVERVIEW} .seeds").first
    assert not seeds.is_visible()
    page.get_by_label("seeds").focus()
    page.keyboard.press("Space")
    assert seeds.inner_text().split() == [f"{100 * error:.2f}" for error in errors]
    page.keyboard.press("Space")
    assert not seeds.is_visible()


def test_intervals_are_shown_on_demand_and_hold_the_mean(opened, report):
    page = opened(report)
    interval = page.locator(f"{OVERVIEW} .interval").first
    assert not interval.is_visible()
    page.get_by_label("intervals").check()
    cell = interval.locator("xpath=..")
    low, high = (float(end) for end in interval.inner_text().strip("[]").split(", "))
    assert low < 100 * float(cell.get_attribute("data-value")) < high


@pytest.mark.parametrize(("scheme", "paper"), [("light", LIGHT_PAPER), ("dark", DARK_PAPER)])
def test_colours_and_figures_follow_the_system_or_the_reader(opened, report, scheme, paper):
    page = opened(report, color_scheme=scheme)
    other = "dark" if scheme == "light" else "light"
    assert background(page) == paper
    assert page.locator(f"figure .on-{scheme}").first.is_visible()
    assert not page.locator(f"figure .on-{other}").first.is_visible()
    page.get_by_label(other).check()
    assert background(page) == ({LIGHT_PAPER, DARK_PAPER} - {paper}).pop()
    assert page.locator(f"figure .on-{other}").first.is_visible()
    assert not page.locator(f"figure .on-{scheme}").first.is_visible()
    page.get_by_label("auto").check()
    assert background(page) == paper


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_everything_open(opened, report, scheme):
    page = opened(report, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    page.get_by_label("seeds").check()
    page.get_by_label("intervals").check()
    header(page, 2, OVERVIEW).get_by_role("button").click()
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found] == []


def test_the_keyboard_reaches_everything_in_the_order_of_the_page(opened, report):
    page = opened(report)
    reached = []
    for _ in range(14):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    wanted = ("Skip to the results", "resnet18_ytf68", "Paper tables", "show-seeds", "show-intervals", "theme-auto")
    assert [one for one in reached if one in wanted] == list(wanted)
    assert reached[0] == wanted[0]
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Shift+Tab")
    page.get_by_text("Skip to the results").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_how_variants_differ_opens_by_keyboard(opened, report):
    page = opened(report)
    page.locator("#settings-resnet18_ytf68 summary").focus()
    page.keyboard.press("Enter")
    rows = page.locator("#settings-resnet18_ytf68 tbody tr")
    assert [row.split() for row in rows.all_inner_texts()] == [
        ["plain", "0"], ["augmented", "0.5"], ["colour_jitter", "only", "0"],
    ]  # fmt: skip
    assert rows.locator("strong").all_inner_texts() == ["0.5"]


def test_an_overview_leads_to_each_of_several_studies(opened, sortable, tmp_path):
    studies = tuple(
        Section(name=name, title=name, text="Does it?", finding=f"{name} does", progress=Progress(done=2, failed=1))
        for name in ("first", "second")
    )
    path = tmp_path / "index.html"
    path.write_text(html.page(Content(title="report", updated="", sections=studies), {}), "utf-8")
    page = opened(path)
    row = page.locator("#overview tbody tr").nth(1)
    assert row.inner_text().split("\n") == ["second", "Does it?", "\t", "2 of 3, 1 failed\tsecond does"]
    row.get_by_role("link").click()
    assert page.url.endswith("#section-second")
    assert opened(sortable).locator("#overview").count() == 0


def test_without_a_script_everything_but_sorting_is_there(opened, report):
    page = opened(report, java_script_enabled=False)
    assert page.locator(f"{OVERVIEW} .titles th").all_inner_texts()[:2] == ["row", "n"]
    assert page.locator(".titles button").count() == 0
    assert page.locator(f"{OVERVIEW} tbody").first.is_visible()
    page.get_by_label("seeds").check()
    assert page.locator(f"{OVERVIEW} .seeds").first.is_visible()
    page.get_by_label("dark").check()
    assert page.locator("figure .on-dark").first.is_visible()


def test_paper_is_white_whatever_the_screen_shows_and_no_table_is_cut(opened, report):
    page = opened(report, color_scheme="dark")
    page.get_by_label("dark").check()
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 688, "height": 900})  # of A4 between its margins
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(29, 29, 31)"
    assert page.locator("figure .on-light").first.is_visible()
    assert not page.locator("figure .on-dark").first.is_visible()
    assert not page.locator("nav").is_visible()
    assert not page.locator("#view").is_visible()
    assert not page.locator(".behind p").first.is_visible()
    assert _cut_off(page, ".table-frame:not(.wide)") == 0
    page.set_viewport_size({"width": 1017, "height": 650})  # on its side
    assert _cut_off(page, ".table-frame.wide") == 0


def _cut_off(page, frames):
    return page.locator(frames).evaluate_all("all => all.filter(frame => frame.scrollWidth > frame.clientWidth).length")


def test_what_a_reader_chose_outlives_a_new_page(opened, report):
    page = opened(report)
    page.get_by_label("seeds").check()
    page.get_by_label("dark").check()
    header(page, 2, OVERVIEW).get_by_role("button").click()
    before = labels_of(page, OVERVIEW)
    page.locator("#behind-resnet18_ytf68_overview summary").click()
    page.evaluate("window.scrollTo({top: 600, behavior: 'instant'})")
    page.reload()
    assert page.get_by_label("seeds").is_checked()
    assert background(page) == DARK_PAPER
    assert labels_of(page, OVERVIEW) == before
    assert header(page, 2, OVERVIEW).get_attribute("aria-sort") == "ascending"
    assert page.locator("#behind-resnet18_ytf68_overview").get_attribute("open") == ""
    assert page.evaluate("scrollY") == 600


def test_a_browser_that_keeps_nothing_still_sorts(opened, sortable):
    page = opened(sortable)
    for name in ("localStorage", "sessionStorage"):
        page.add_init_script(f"Object.defineProperty(window, '{name}', {{get() {{ throw new Error('no') }}}})")
    page.reload()
    page.get_by_label("dark").check()
    header(page, 2).get_by_role("button").click()
    assert labels_of(page)[0] == "A-net"


def test_only_the_pages_own_script_runs(browser, sortable, tmp_path):
    path = tmp_path / "index.html"
    path.write_text(sortable.read_text("utf-8").replace("</main>", "<script>document.title = 'ran'</script></main>"))
    page = browser.new_page()
    page.goto(path.as_uri())
    assert page.title() == "report"
    assert header(page, 2).get_by_role("button").is_visible()
    page.close()


def test_a_page_that_is_rebuilt_reads_itself_again_and_stays_sorted(opened, sortable, tmp_path):
    path = tmp_path / "index.html"
    path.write_text(html.page(_widths(), {}, refresh=1), "utf-8")
    page = opened(path)
    header(page, 2).get_by_role("button").click()
    page.wait_for_event("domcontentloaded")
    assert labels_of(page)[0] == "A-net"
    assert 'http-equiv="refresh"' not in sortable.read_text("utf-8")

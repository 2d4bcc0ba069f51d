"""What the verbs print: plans, counts, tables of rows."""

import os
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from orchestrator.capacity import Node
from orchestrator.estimate import Expected
from orchestrator.figures import duration
from orchestrator.plan import Plan, Status, Work
from orchestrator.printing_errors import show_errors
from orchestrator.session import Opened, Place, expected_of
from search_spaces.variants import Resources
from trainables.transforms.crop import Crop
from trainables.trial import Evaluation

_WORDS = {
    Status.DONE: "done",
    Status.EVALUATE: "to evaluate",
    Status.RESUME: "to resume",
    Status.RUN: "to run",
    Status.FAILED: "failed",
    Status.BLOCKED: "blocked",
}
_EACH = 200  # trials that a plan lists one by one
_STYLE = {Status.DONE: "green", Status.FAILED: "red", Status.BLOCKED: "yellow"}


def progress_bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)


def show_plan(made: Plan, console: Console) -> None:
    console.print(Text(f"{made.study}: {made.question}", style="bold"))
    console.print(_by_variant(made) if len(made.works) > _EACH else _by_trial(made))
    show_stages(made, console)
    show_unusual_crops(made, console)
    console.print(counts(made), markup=False, highlight=False)


def _by_variant(made: Plan) -> Table:
    """How many of each variant's trials are how far: thousands of rows tell nobody anything."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("variant", "plan", "to measure", "where"):
        table.add_column(column)
    variants: dict[str, list[Work]] = {}
    for work in made.works:
        variants.setdefault(work.variant_id, []).append(work)
    for works in variants.values():
        missing = sum(len(work.missing) for work in works)
        table.add_row(
            Text(works[0].label), _how_many(works), str(missing) if missing else "", _where(works[0].resources)
        )
    return table


def _by_trial(made: Plan) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("trial", "variant", "seed", "plan", "to measure", "where"):
        table.add_column(column)
    for work in made.works:
        state = Text(
            _WORDS[work.status] + (f": {work.reason}" if work.reason else ""), style=_STYLE.get(work.status, "")
        )
        measured = Counter(" ".join((one.evaluation.split, *_ways(one.evaluation))) for one in work.missing)
        splits = ", ".join(name if count == 1 else f"{count} × {name}" for name, count in measured.items())
        table.add_row(work.id, Text(work.label), str(work.trial.seed), state, splits, _where(work.resources))
    return table


def show_stages(made: Plan, console: Console) -> None:
    """What each variant that is no stage of another starts from, and how far its seeds are."""
    by_id = {work.id: work for work in made.works}
    stages = {stage for work in made.works for stage in work.starts_from}
    last = {work.label: work for work in made.works if work.starts_from and work.id not in stages}
    for work in last.values():
        tree = Tree(_how_far(made, work))
        _add_stages(tree, work, by_id, made)
        console.print(tree)


def _add_stages(tree: Tree, work: Work, by_id: Mapping[str, Work], made: Plan) -> None:
    for stage in (by_id[id] for id in work.starts_from):
        _add_stages(tree.add(_how_far(made, stage)), stage, by_id, made)


def _how_far(made: Plan, work: Work) -> Text:
    """A variant's name, and how many of its seeds are how far."""
    return Text(f"{work.label}: ") + _how_many([each for each in made.works if each.variant_id == work.variant_id])


def _how_many(works: Sequence[Work]) -> Text:
    text, statuses = Text(), Counter(work.status for work in works)
    for place, (status, count) in enumerate(statuses.items()):
        text.append(f"{', ' if place else ''}{count} {_WORDS[status]}", style=_STYLE.get(status, ""))
    return text


def _where(resources: Resources) -> str:
    processes = f"{resources.workers} workers" if resources.workers else "in its own process"
    if not resources.gpus:
        return processes
    each = " each" if resources.workers > 1 else ""
    if resources.gpus == "auto":
        return f"{processes}, a share of a GPU{each} by a probe"
    return f"{processes}, {resources.gpus:g} GPU{each}"


def show_expected(expected: Expected, console: Console, nodes: Sequence[Node] = ()) -> None:
    """Device-hours of what is left to train, and what says so; when it ends on these nodes."""
    if not expected.bases:
        return
    hours = " and ".join(f"{_hours(number)} {device}-hours" for device, number in expected.hours.items())
    bases = "; ".join(
        f"{count} {'trial' if count == 1 else 'trials'} by {basis}" for basis, count in expected.bases.items()
    )
    seconds = expected.seconds_on(nodes) if nodes else None
    until = ""
    if seconds is not None:
        end = datetime.now() + timedelta(seconds=seconds)
        until = f", about {duration(seconds)} on this machine, until {end:%a %H:%M}"
    text = f"Training is expected to take {hours}{until} ({bases})."
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def expect(made: Plan, place: Place, console: Console, address: str | None = None) -> None:
    """What training of what a plan lacks is expected to take; on this machine where no cluster is joined."""
    with console.status("Counting operations of the networks …"):
        expected = expected_of(made, place)
    here = [] if address else [Node(len(os.sched_getaffinity(0)), torch.cuda.device_count())]
    show_expected(expected, console, here)


def left_over(why: str, goes_on: bool, console: Console) -> None:
    """Why a launch ended before all was done; `goes_on`: nothing has to be mended."""
    if why:
        mend = "" if goes_on else " Mend the cause; --retry-failed tries again what has failed."
        text = f"Stopped: {why}. What was begun is saved; the same command goes on.{mend}"
        console.print(Text(text, style="yellow"), soft_wrap=True)


def _hours(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.1f}" if number >= 0.1 else "less than 0.1"


def show_unusual_crops(made: Plan, console: Console) -> None:
    """Data sets of which the literature has a crop of its own, where the study takes another one."""
    taken = dict.fromkeys((work.trial.data, work.trial.recipe.crop) for work in made.works)
    for data, crop in taken:
        if crop != data.CROP != Crop():
            text = f"{data.kind}: cropped by the {crop.describe(1)}; the literature takes the {data.CROP.describe(1)}"
            console.print(Text(f"{text} (recipe.crop)", style="yellow"), soft_wrap=True)


def _ways(evaluation: Evaluation) -> list[str]:
    ways = {"perturbed": evaluation.perturbed_by, "read otherwise": evaluation.read_by}
    return [name for name, words in ways.items() if words]


def counts(made: Plan) -> str:
    counts = {status: made.count(status) for status in Status}
    always = (Status.DONE, Status.RUN)
    parts = [f"{count} {_WORDS[status]}" for status, count in counts.items() if count or status in always]
    return f"{made.study}: {', '.join(parts)}."


def after_plan(made: Plan, opened: Opened, place: Place) -> str:
    again = opened.command
    report = place.storage.on(f"marksweep report {shlex.quote(opened.name)}")
    if made.todo:
        return again
    if made.count(Status.FAILED):
        return f"{again} --retry-failed, once the cause is mended; or {report}"
    return report


def show_failures(made: Plan, console: Console) -> None:
    failed = [work for work in made.works if work.reason]
    show_errors([{"error": work.reason, "trial": work.id} for work in failed], console)


def show_rows(columns: Sequence[str], rows: Sequence[Sequence[str]], console: Console) -> None:
    """A table; where it is wider than a terminal, one record below the other."""
    widths = [max(map(len, [name, *texts])) for name, *texts in zip(columns, *rows, strict=True)]
    if console.is_terminal and rows and sum(widths) + 2 * len(widths) > console.width:
        longest = max(map(len, columns))
        for number, row in enumerate(rows, start=1):
            console.print(Text(f"row {number}", style="bold"))
            for name, text in zip(columns, row, strict=True):
                console.print(Text(f"  {name:<{longest}}  ", style="dim"), Text(text), sep="")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(Text(name))
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)

"""The verbs of `marksweep data`: each acts, prints, and returns the exit code."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestrator.preparing import progress_shown, runner, show_findings
from orchestrator.printing_errors import next_command
from orchestrator.session import Place
from trainables import registry
from trainables.config import ConfigError, collect_mistakes, with_changes
from trainables.contact_sheet import draw_contact_sheet
from trainables.dataset import Dataset
from trainables.face_cache import prepare
from trainables.faces import open_faces
from trainables.inspection import inspect_dataset
from trainables.recipe import Recipe


def data_list(data_root: Path, console: Console) -> int:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("data set", "landmarks", "faces (published)", "here", "licence"):
        table.add_column(column)
    for name in registry.dataset_names():
        dataset = registry.find_dataset(name)
        counts = " / ".join(f"{split} {count:,}" for split, count in dataset.COUNTS.items()) or "–"
        here = "yes" if dataset.missing(data_root) is None else "no"
        table.add_row(name, dataset.scheme.name, counts, here, dataset.LICENCE)
    console.print(table)
    console.print(f"Looked below {data_root} (--data-root or MARKSWEEP_DATA).", style="dim", markup=False)
    next_command(console, "marksweep data check NAME")
    return 0


def data_check(name: str, changes: Mapping[str, Any], place: Place, console: Console) -> int:
    dataset = _with_settings(name, changes)
    with progress_shown(console, "checking") as show:
        found = inspect_dataset(dataset, place.data_root, partial(show, name))
    for line in found.lines():
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for problem in found.problems():
        console.print(Text(f"  {problem}", style="red"), soft_wrap=True)
    fine = not found.problems()
    next_command(
        console,
        place.on(f"marksweep data prepare {_asked(name, changes)}")
        if fine
        else "mend what is listed above, then check again",
    )
    return 0 if fine else 1


def data_prepare(
    name: str,
    changes: Mapping[str, Any],
    size: int,
    method: str,
    place: Place,
    address: str | None,
    console: Console,
) -> int:
    dataset = _with_settings(name, changes)
    recipe = type(registry.find_method(method)).recipes().get("paper", Recipe())

    def tell(text: str) -> None:
        console.print(Text(text, style="yellow"), soft_wrap=True)

    with progress_shown(console, "preparing") as show:
        path = prepare(
            dataset,
            place.data_root,
            recipe.crop,
            size,
            place.cache,
            partial(show, f"{name} at {size} px"),
            margin=recipe.margin,
            run=runner(address, tell),
            tell=tell,
            verify=True,
        )
    show_findings(name, open_faces(path, dataset.scheme), console)
    console.print(f"{path} ({path.stat().st_size / 2**20:.1f} MB)", markup=False, highlight=False, soft_wrap=True)
    next_command(console, "marksweep run STUDY")
    return 0


def data_show(
    name: str,
    changes: Mapping[str, Any],
    split: str | None,
    tag: str | None,
    count: int,
    seed: int,
    out: Path | None,
    place: Place,
    console: Console,
) -> int:
    chosen = re.sub(r"[^\w.-]", "_", "_".join(filter(None, (name, *map(str, changes.values()), split, tag))))
    path = out or Path(f"{chosen}.png")
    shown = draw_contact_sheet(_with_settings(name, changes), place.data_root, path, split, tag, count, seed)
    console.print(f"{path} ({shown} faces)", markup=False, highlight=False, soft_wrap=True)
    again = "".join(f" --{option} {shlex.quote(value)}" for option, value in (("split", split), ("tag", tag)) if value)
    next_command(
        console, place.on(f"marksweep data show {_asked(name, changes)}{again} --seed {seed + 1}") + ", for other faces"
    )
    return 0


def _with_settings(name: str, changes: Mapping[str, Any]) -> Dataset:
    """The data set with other settings than its defaults. Raises ConfigError that lists all that are wrong."""
    with collect_mistakes() as mistakes:
        dataset = with_changes(registry.find_dataset(name), changes)
    if mistakes:
        raise ConfigError(tuple(replace(mistake, where="--set") for mistake in mistakes))
    return dataset


def _asked(name: str, changes: Mapping[str, Any]) -> str:
    return name + "".join(f" --set {shlex.quote(f'{key}={value}')}" for key, value in changes.items())

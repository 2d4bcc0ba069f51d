"""The page of a report as data: a section per paper and per study, then failures, provenance and what to run next."""

import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

from orchestrator.errors import fingerprint, lines, one_line
from orchestrator.schema import UNSUCCESSFUL
from reports import labels, paper_figures
from reports.document import FailureGroup, Page, Section, Table, Waiting
from reports.drawing import Figure
from reports.query import Results, StudyResults
from reports.registry import Item
from reports.settings import differences

log = logging.getLogger(__name__)


def build_page(
    results: Results, chosen: Sequence[Item], progress: Callable[[str], None], is_whole: bool = True
) -> Page:
    """Build every chosen item. One that refuses (ValueError) becomes a problem on the page; the others go on.

    `is_whole`: all there is was chosen, so that the page says which figures of the papers are still to come.
    """
    built: dict[str, Table | Figure] = {}
    problems = []
    for item in chosen:
        progress(item.name)
        try:
            document = item.build()
        except ValueError as error:
            log.debug("%s", item.name, exc_info=True)
            # What is wrong with a user's file starts with its line.
            problems.append(str(error) if item.is_own and str(error).startswith(item.kind) else f"{item.name}: {error}")
            continue
        if document is not None:
            built[item.name] = document
    studies = [study for name in _study_names(chosen) if (study := results.study(name)) is not None]
    of_studies = (_study_section(study, chosen, built) for study in studies)
    sections = [_own_section(chosen, built), *of_studies, _papers_section(chosen, built, is_whole)]
    trials = _trials(results, studies)
    return Page(
        title="marksweep report",
        updated=_updated(trials),
        sections=tuple(section for section in sections if section.tables or section.figures or section.progress),
        failures=_failures(results, studies),
        provenance=_provenance(trials),
        commands=_next_commands(studies, built),
        problems=tuple(problems),
    )


def _study_names(chosen: Sequence[Item]) -> list[str]:
    return list(dict.fromkeys(study for item in chosen for study in item.studies))


def _own_section(chosen: Sequence[Item], built: dict[str, Table | Figure]) -> Section:
    names = [item.name for item in chosen if item.is_own and not item.of_one_study]
    return Section(name="own", title="Your own", **_documents(names, built))


def _papers_section(chosen: Sequence[Item], built: dict[str, Table | Figure], is_whole: bool) -> Section:
    names = [item.name for item in chosen if not item.is_own and not item.of_one_study]
    drawn = [name for name, document in built.items() if isinstance(document, Figure)]
    waiting = tuple(
        Waiting(name=f"Paper {one.where}", content=one.content, commands=one.commands)
        for one in (paper_figures.waiting(drawn) if is_whole else ())
    )
    return Section(name="papers", title="Paper tables", waiting=waiting, **_documents(names, built))


def _study_section(study: StudyResults, chosen: Sequence[Item], built: dict[str, Table | Figure]) -> Section:
    names = [item.name for item in chosen if item.of_one_study and study.name in item.studies]
    documents = _documents(sorted(names, key=lambda name: name != f"{study.name}_overview"), built)
    return Section(
        name=study.name,
        title=study.name,
        text=study.question,
        finding=finding(documents["tables"][0]) if documents["tables"] else "",
        command=study.command,
        progress=study.progress,
        settings=differences(study),
        **documents,
    )


def _documents(names: Sequence[str], built: dict[str, Table | Figure]) -> dict[str, Any]:
    found = [built[name] for name in names if name in built]
    return {
        "tables": tuple(one for one in found if isinstance(one, Table)),
        "figures": tuple(one for one in found if isinstance(one, Figure)),
    }


def finding(table: Table) -> str:
    """What a table answers; else the best of its first column in one sentence, with its distance from the baseline.

    Empty while nothing leads.
    """
    if table.finding:
        return table.finding
    leading = [row for row in labels.printed(table) if row.cells[0].bold]
    if not leading:
        return ""
    of = table.columns[0]
    sign = 1 if labels.metric(of.metric).lower_is_better else -1
    first = min(leading, key=lambda row: sign * (row.row.cells[0].value or 0.0))
    place = labels.column_group(of).lower()
    unit = labels.metric(of.metric).printed_unit
    sentence = f"Best {place} {labels.column_title(of)}: {first.row.label}, {first.cells[0].text} {unit} (n={first.n})"
    for column, cell in zip(table.columns, first.cells, strict=True):
        if column.difference and cell.number:
            sentence += f"; {cell.text} {labels.column_unit(column).split()[0]} against the baseline"
    if others := [row.row.label for row in leading if row is not first]:
        sentence += f"; not told from {', '.join(others)}"
    return sentence + "."


def _trials(results: Results, studies: Sequence[StudyResults]) -> list[dict[str, Any]]:
    names = dict.fromkeys(one.trial for study in studies for one in study.asked())
    return [results.trials[name] for name in names if name in results.trials]


def _updated(trials: Sequence[dict[str, Any]]) -> str:
    times = [trial["updated_at"] for trial in trials if trial["updated_at"] is not None]
    return f"{max(times):%Y-%m-%d %H:%M} UTC" if times else ""


def _failures(results: Results, studies: Sequence[StudyResults]) -> tuple[FailureGroup, ...]:
    """Unsuccessful trials, grouped by study and fingerprint, the largest group first."""
    grouped: dict[tuple[str, str], list[tuple[dict[str, Any], str]]] = {}
    for study in studies:
        for one in study.asked():
            if one.state in UNSUCCESSFUL:
                row = results.trials[one.trial]
                key = (study.command, fingerprint(row["error"] or one.state))
                grouped.setdefault(key, []).append((row, f"{study.name} / {one.label}, seed {one.seed}"))
    groups = [
        FailureGroup(
            error=one_line(members[0][0]["error"] or members[0][0]["state"]),
            traceback=lines(members[0][0]["traceback"] or ""),
            trials=tuple(row["trial"] for row, _ in members),
            where=tuple(where for _, where in members),
            command=f"{command} --retry-failed",
        )
        for (command, _), members in grouped.items()
    ]
    return tuple(sorted(groups, key=lambda group: -len(group.trials)))


def _provenance(trials: Sequence[dict[str, Any]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What stands behind the trials, each distinct value once with the number of trials where there are several."""
    versions: dict[str, dict[str, None]] = {}
    for text in dict.fromkeys(trial["versions"] or "{}" for trial in trials):
        for package, version in json.loads(text).items():
            versions.setdefault(package, {})[str(version)] = None
    hours = sum(trial["seconds"] or 0.0 for trial in trials) / 3600
    facts = {
        "Trials": (f"{len(trials)}, {hours:.1f} h of training",) if trials else (),
        "Commit": _counted(
            f"{(trial['git_commit'] or 'unknown')[:12]}{' with uncommitted changes' if trial['git_dirty'] else ''}"
            for trial in trials
        ),
        "Training data": _counted(
            f"{labels.dataset_name(trial['dataset'] or 'unknown')}, digest {trial['data_digest'] or 'unknown'}"
            for trial in trials
        ),
        "Hardware": _counted(trial["hardware"] or "unknown" for trial in trials),
        "Versions": tuple(f"{package} {', '.join(found)}" for package, found in sorted(versions.items())),
    }
    return tuple((name, values) for name, values in facts.items() if values)


def _counted(values: Any) -> tuple[str, ...]:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    if len(counts) < 2:
        return tuple(counts)
    return tuple(f"{value} ({count} trials)" for value, count in sorted(counts.items(), key=lambda item: -item[1]))


def _next_commands(studies: Sequence[StudyResults], built: dict[str, Table | Figure]) -> tuple[str, ...]:
    """What goes on with unfinished studies, then what fills the other empty cells."""
    commands = [study.command for study in studies if study.progress.running or study.progress.to_run]
    commands += [f"{study.command} --retry-failed" for study in studies if study.progress.failed]
    commands += [command for one in built.values() if isinstance(one, Table) for command in one.commands]
    return tuple(dict.fromkeys(commands))

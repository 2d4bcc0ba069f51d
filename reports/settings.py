"""In which settings the variants of a study differ, read from what their trials declared."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from reports.document import Settings
from reports.progress import TO_RUN
from reports.query import StudyResults, Variant


def differences(study: StudyResults) -> Settings | None:
    """The settings in which variants differ, the baseline first; None where the ledger knows no two that do.

    A setting that only some variants have, such as the width of a loss that others do not use, counts where those
    differ: that the others lack it follows from another setting. Seeds do not count.
    """
    variants = sorted(study.variants, key=lambda variant: not variant.baseline)
    known = [(variant.label, trial) for variant in variants if (trial := _a_trial(variant))]
    declared = study.declarations([trial for _, trial in known])
    values = differing([declared[trial] for _, trial in known])
    return Settings(labels=tuple(label for label, _ in known), values=values) if values else None


def differing(declared: Sequence[dict[str, Any]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The settings in which these declarations differ: a dotted path, and a value in words for each, "" for none."""
    values: dict[str, dict[int, str]] = {}
    for place, one in enumerate(declared):
        for path, words in _settings(one):
            values.setdefault(path, {})[place] = words
    return tuple(
        (path, tuple(values[path].get(place, "") for place in range(len(declared))))
        for path in _in_order(values)
        if len(set(values[path].values())) > 1
    )


def _a_trial(variant: Variant) -> str | None:
    """The first that the ledger has: the others are the same under other seeds."""
    pairs = zip(variant.trials, variant.states, strict=True)
    return next((trial for trial, state in pairs if state != TO_RUN), None)


def _settings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every setting below a dotted path, in words. A config stands for its kind, and its own settings follow."""
    if path:
        yield path, _words(value)
    above = f"{path}." if path else ""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name != "kind" and not (name == "seed" and _is_trial(value)):
                yield from _settings(inner, above + name)
    elif isinstance(value, list):
        for number, inner in enumerate(value, start=1):
            if isinstance(inner, dict):
                yield from _settings(inner, f"{above}{number}")


def _in_order(paths: Collection[str]) -> list[str]:
    """As they are declared. What the first variants lack came late, and stands below the setting that it belongs to."""
    came = {path: place for place, path in enumerate(paths)}

    def place(path: str) -> list[int]:
        words = path.split(".")
        return [came[".".join(words[:count])] for count in range(1, len(words) + 1)]

    return sorted(paths, key=place)


def _is_trial(plain: dict[str, Any]) -> bool:
    """The declaration itself, or that of a stage before."""
    return "method" in plain


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return value["method"]["kind"] if _is_trial(value) else value.get("kind", "")
    if isinstance(value, list):
        return ", ".join(map(_words, value)) or "none"
    if value is None:
        return "off"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).removesuffix(".0")

"""What there is to know of a method or a data set before anything is trained."""

import dataclasses
import inspect
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trainables import registry
from trainables.complexity import multiply_accumulates, parameter_count
from trainables.config import is_config
from trainables.dataset import DataError, Dataset, UnreadableImage
from trainables.papers import PAPERS
from trainables.schemes import SCHEMES

_EXAMPLES = 3  # how many names a finding lists


def describe_method(name: str) -> str:
    """Front page, settings, recipes, and what the network costs for 68 landmarks."""
    method = registry.find_method(name)
    model = method.build(SCHEMES["68"])
    macs = multiply_accumulates(model, method.input_size)
    paper = PAPERS.get(type(method).PAPER or "")
    lines = [inspect.cleandoc(registry.method_module(name).__doc__ or ""), ""]
    if paper:
        lines += [f"{paper.key}: {paper.authors}: {paper.title}. {paper.venue}, {paper.year}.", ""]
    lines += ["Settings", *_settings(method)]
    for recipe_name, recipe in type(method).recipes().items():
        lines += ["", f"Recipe {recipe_name!r}", *_settings(recipe)]
    lines += [
        "",
        f"68 landmarks at {method.input_size}×{method.input_size}: {parameter_count(model):,} parameters, "
        f"{macs / 1e9:.6f} G multiply-accumulates",
    ]
    return "\n".join(lines)


def _settings(config: Any, indent: str = "  ") -> list[str]:
    lines = []
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if is_config(value):
            lines += [f"{indent}{field.name}: {type(value).__name__}", *_settings(value, indent + "  ")]
        else:
            lines.append(f"{indent}{field.name} = {value}")
    return lines


@dataclass(frozen=True)
class Inspection:
    """What `data check` found."""

    dataset: Dataset
    counts: dict[str, int]
    groups: dict[str, int]
    unreadable: list[str]
    outside: list[str]  # images with landmarks outside them
    leaking: list[str]  # groups that stand in more than one split

    @property
    def usable(self) -> bool:
        return not self.leaking and all(self.counts.get(split) for split in ("train", "val"))

    def lines(self) -> list[str]:
        faces, landmarks = sum(self.counts.values()), self.dataset.scheme.num_landmarks
        lines = [f"{self.dataset.kind}: {faces:,} faces, {landmarks} landmarks"]
        for split, count in self.counts.items():
            lines.append(f"  {split}: {count:,} faces in {self.groups[split]:,} groups")
        for splits, count in type(self.dataset).COUNTS.items():
            found = sum(self.counts.get(split, 0) for split in splits.split("+"))
            if found != count:
                lines.append(f"  warning: {splits}: published are {count:,} faces, found {found:,}")
        lines += _finding("unreadable images", self.unreadable)
        lines += _finding("images with landmarks outside them (kept)", self.outside)
        lines += _finding("groups in more than one split", self.leaking)
        return lines


def inspect_dataset(dataset: Dataset, data_root: Path) -> Inspection:
    """Read every face and picture. Raises DataError where files are missing or malformed."""
    missing = dataset.missing(data_root)
    if missing:
        raise DataError(missing)
    counts: Counter[str] = Counter()
    groups: dict[str, set[str]] = {}
    unreadable, outside = [], []
    for face in dataset.faces(data_root):
        counts[face.split] += 1
        groups.setdefault(face.split, set()).add(face.group)
        try:
            height, width = dataset.read_image(data_root, face).shape[:2]
        except UnreadableImage as error:
            unreadable.append(str(error))
            continue
        if (face.landmarks < 0).any() or (face.landmarks > np.array([width - 1, height - 1])).any():
            outside.append(face.image)
    owners = Counter(group for members in groups.values() for group in members)
    leaking = sorted(group for group, splits in owners.items() if splits > 1)
    sizes = {split: len(members) for split, members in groups.items()}
    return Inspection(dataset, dict(counts), sizes, unreadable, outside, leaking)


def _finding(what: str, names: list[str]) -> list[str]:
    if not names:
        return [f"  0 {what}"]
    more = f" … and {len(names) - _EXAMPLES} more" if len(names) > _EXAMPLES else ""
    return [f"  {len(names)} {what}: {', '.join(names[:_EXAMPLES])}{more}"]

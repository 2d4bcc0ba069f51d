"""Searches in a hand-made ledger: points of a space with what their trials reached."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NME = {"metric": "val_nme_io", "minimize": True}
OPERATIONS = {"metric": "macs", "minimize": True}

WIDTH = {"kind": "log", "low": 0.01, "high": 10.0, "given": None}
CURRICULUM = {"kind": "choice", "options": ["off", "on"], "given": None}
EPOCHS = {"kind": "integer", "low": 1, "high": 20, "given": ["recipe.curriculum", "on"]}
DOMAINS = {
    "method.loss.line_width": WIDTH,
    "recipe.curriculum": CURRICULUM,
    "recipe.curriculum.num_epochs": EPOCHS,
}
OFF = {"method.loss.line_width": 1.0, "recipe.curriculum": "off"}


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A point of a search. `nme`: validation NME io after each epoch; `selected` counts epochs from 1.

    Without a state the ledger has only been asked for it.
    """

    chosen: Mapping[str, Any] = field(default_factory=lambda: OFF)
    nme: Sequence[float] = ()
    state: str = "finished"
    selected: int | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)  # of the table "trials"


def add_search(
    ledger: Any,
    points: Sequence[Tried],
    study: str = "search_demo",
    domains: Mapping[str, Any] = DOMAINS,
    objectives: Sequence[Mapping[str, Any]] = (NME,),
    budget: int | None = None,
) -> None:
    """Points by number, each the trial "trial 3" of seed 0."""
    described = json.dumps({"objectives": objectives, "domains": domains, "trials": budget or len(points)})
    for number, one in enumerate(points):
        trial = f"trial {number}"
        ledger.add(
            "studies", study=study, question="Which settings are best?", command=f"marksweep run {study}", seed=0,
            label=f"point {number}" if number else "default", variant=f"variant {number}", trial=trial, baseline=False,
            number=number, point=json.dumps(one.chosen), search=described,
        )  # fmt: skip
        for epoch, value in enumerate(one.nme, start=1):
            ledger.add("epochs", trial=trial, epoch=epoch, metric="val_nme_io", value=value)
            ledger.add("epochs", trial=trial, epoch=epoch, metric="train_loss", value=2 * value)
        if one.state:
            ledger.trial(trial, 0, one.state, selected_epoch=one.selected, **one.columns)


def finished(nme: float, chosen: Mapping[str, Any] | None = None, **columns: Any) -> Tried:
    """Whose one epoch is selected."""
    return Tried(chosen=chosen or OFF, nme=(nme,), selected=1, columns=columns)


def stopped(*nme: float, chosen: Mapping[str, Any] | None = None) -> Tried:
    return Tried(chosen=chosen or OFF, nme=nme, state="pruned")


def confirm(
    ledger: Any, variants: Mapping[str, tuple[str, Sequence[Sequence[float]]]], study: str = "search_demo"
) -> None:
    """What the search confirms: label → identity of the variant, and for each seed the test errors by image."""
    for label, (variant, per_seed) in variants.items():
        ledger.add_seeds(study, label, per_seed, method="resnet18", baseline=label == "default")
        for row in ledger.rows["studies"]:
            if row["study"] == study and row["label"] == label and row["point"] is None:
                row["variant"] = variant

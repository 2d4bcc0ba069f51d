"""How rows are shown: side by side where there is room, else one below the other; and what a plan says."""

from io import StringIO

from rich.console import Console

from orchestrator.plan import Measurement, Plan, Status, Work
from orchestrator.printing import show_plan, show_rows
from search_spaces.variants import Resources
from trainables.datasets.synthetic import Synthetic
from trainables.methods.mean_shape import MeanShape
from trainables.trial import Evaluation, Trial, robustness_evaluations

COLUMNS, ROWS = ["trial", "error"], [["t0", "x" * 60], ["t1", ""]]


def shown(width: int, terminal: bool) -> list[str]:
    console = Console(file=StringIO(), width=width, force_terminal=terminal, color_system=None)
    show_rows(COLUMNS, ROWS, console)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def test_rows_that_fit_a_terminal_are_a_table():
    assert shown(80, terminal=True) == ["trial  error", f"t0     {'x' * 60}", "t1"]


def test_rows_wider_than_a_terminal_are_records():
    assert shown(40, terminal=True)[0:2] == ["row 1", "  trial  t0"]


def test_a_file_has_no_width():
    assert shown(240, terminal=False)[0] == "trial  error"


def test_a_plan_counts_perturbed_measurements_instead_of_listing_them():
    trial = Trial(method=MeanShape(), data=Synthetic())
    evaluations = (Evaluation(split="val"), Evaluation(), *robustness_evaluations("jpeg", split="test"))
    missing = tuple(Measurement(str(number), each, trial.data) for number, each in enumerate(evaluations))
    work = Work(
        id="t0", variant_id="v0", trial=trial, label="floor", resources=Resources(), status=Status.RUN,
        measurements=missing, missing=missing,
    )  # fmt: skip
    console = Console(file=StringIO(), width=200)
    show_plan(Plan("demo", "Does it run?", (work,)), console)
    assert "val, test, 3 × test perturbed" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_plan_draws_what_each_variant_starts_from_and_how_far_its_seeds_are():
    trial = Trial(method=MeanShape(), data=Synthetic())

    def work(label: str, seed: int, status: Status, *stages: str) -> Work:
        return Work(
            id=f"{label}{seed}", variant_id=label, trial=trial, label=label, resources=Resources(), status=status,
            measurements=(), missing=(), starts_from=tuple(f"{stage}{seed}" for stage in stages),
        )  # fmt: skip

    works = [
        one
        for seed, of_first in ((0, Status.DONE), (1, Status.FAILED))
        for one in (
            work("first", seed, of_first),
            work("second", seed, Status.DONE),
            work("joint", seed, Status.BLOCKED if seed else Status.RUN, "first", "second"),
            work("last", seed, Status.BLOCKED if seed else Status.RUN, "joint"),
        )
    ]
    console = Console(file=StringIO(), width=200)
    show_plan(Plan("chain", "Does it run?", tuple(works)), console)
    drawn = console.file.getvalue().splitlines()[-5:-1]  # type: ignore[attr-defined]
    assert [line.rstrip() for line in drawn] == [
        "last: 1 to run, 1 blocked",
        "└── joint: 1 to run, 1 blocked",
        "    ├── first: 1 done, 1 failed",
        "    └── second: 2 done",
    ]

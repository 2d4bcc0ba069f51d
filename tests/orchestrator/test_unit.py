"""One unit of work, without Ray: it trains, measures, records, resumes, and what goes wrong goes wrong alone."""

import json
import math
import os
import resource
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

import orchestrator.measuring
import orchestrator.unit
from orchestrator.ledger import Ledger
from orchestrator.plan import Status
from orchestrator.referee import Verdict
from orchestrator.session import Opened, Place, make_plan, prepare_data
from orchestrator.storage import Storage
from orchestrator.unit import Session, Unit, execute, faces_of
from orchestrator.units import units_of
from search_spaces.measured import metrics_of
from search_spaces.study import STUDIES, Study
from search_spaces.variants import Resources, Variant
from trainables.checkpoints import read_weights
from trainables.codecs.one_hot import OneHot
from trainables.codecs.two_hot import TwoHot
from trainables.config import config, with_changes
from trainables.dataset import UnreadableImage
from trainables.datasets.synthetic import Synthetic
from trainables.faces import Faces
from trainables.methods.mean_shape import MeanShape
from trainables.methods.resnet18 import ResNet18, ResNet18Landmarks
from trainables.methods.truth import Truth
from trainables.placement import Placement
from trainables.recipe import Adam, Averaging, Plateau, Recipe
from trainables.transforms.augmentation import Augmentation
from trainables.transforms.perturb import GaussianNoise
from trainables.trial import Evaluation

FACES = Synthetic(train=6, val=3, test=3, size=96)
FLOOR = Variant(label="floor", method=MeanShape(input_size=32), data=FACES, recipe=Recipe(epochs=1, batch_size=12))
NETWORK = Variant(
    label="network",
    method=ResNet18(input_size=32, width=8),
    data=FACES,
    recipe=Recipe(
        epochs=3, batch_size=4, optimizer=Adam(lr=1e-3), schedule=Plateau(patience=1), augmentation=Augmentation()
    ),
)
TIMES = ("seconds", "images_per_second")


@config
class Raising(MeanShape):
    """A method with a bug in its loss."""

    kind: ClassVar[str] = "raising_in_test_unit"

    def build(self, scheme):
        model = super().build(scheme)
        model.losses = raise_key_error
        return model


def raise_key_error(output, batch):
    raise KeyError("no such landmark")


class InfiniteModel(ResNet18Landmarks):
    """Its loss is a number in the first step of each epoch only."""

    def losses(self, output, batch):
        terms = super().losses(output, batch)
        self.steps = getattr(self, "steps", 0) + 1
        return terms | {"distance": torch.tensor(math.nan if self.steps > 1 else 0.0)}


@config
class Infinite(ResNet18):
    kind: ClassVar[str] = "infinite_in_test_unit"

    def build(self, scheme):
        return InfiniteModel(scheme.num_landmarks, self.input_size, self.width)


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    """Rendered once for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def place(storage, tmp_path, cache) -> Place:
    return Place(storage, tmp_path / "data", cache)


def opened(place: Place, *variants: Variant, **settings: Any) -> Opened:
    study = Study(question="Does it run?", variants=variants, **settings)
    return Opened(
        "small", study, STUDIES / "small.py", "marksweep run small", lambda data: data.digest(place.data_root)
    )


def planned_units(place: Place, *variants: Variant, retry_failed: bool = False, **settings: Any) -> list[Unit]:
    """What a launch would hand out now."""
    study = opened(place, *variants, **settings)
    return [unit for _, unit in units_of(study, make_plan(study, place, retry_failed), place)]


def run(
    place: Place, *variants: Variant, report: Callable[[dict], None] | None = None, **settings: Any
) -> list[dict[str, Any]]:
    """Carry out the plan in this process; what was reported."""
    reports: list[dict[str, Any]] = []
    for unit in planned_units(place, *variants, **settings):
        execute(unit, Session(report=report or reports.append))
    return reports


def rows(place: Place, table: str) -> list[dict[str, Any]]:
    return Ledger(place.storage).read(table).to_pylist()


def of_whole_splits(place: Place) -> list[dict[str, Any]]:
    """The aggregate metrics of all faces of a split, without those of its subsets."""
    return [row for row in rows(place, "evaluations") if row["subset"] == "all"]


def only_trial(place: Place) -> dict[str, Any]:
    (row,) = rows(place, "trials")
    return row


def folder(place: Place) -> Path:
    (found,) = (Path(place.storage.root) / "trials").iterdir()
    return found


def test_a_unit_is_plain_data_that_travels_to_other_processes(place):
    (unit,) = planned_units(place, NETWORK)
    assert Unit(**json.loads(json.dumps(asdict(unit)))).trial == unit.trial
    assert unit.id == unit.facts["trial"]


def test_a_unit_knows_the_stage_that_it_starts_from_and_the_file_of_a_users_own_study(place, tmp_path):
    after = with_changes(FLOOR, {"starts_from": (FLOOR,), "recipe.epochs": 2, "resources": Resources(cpus=3)})
    own = replace(opened(place, after), path=tmp_path / "mine.py")
    (stage, second) = (unit for _, unit in units_of(own, make_plan(own, place), place))
    assert (stage.starts_from, second.starts_from) == ((), (stage.id,))
    assert (stage.threads, second.threads) == (1, 3)
    assert second.study_file == str(tmp_path / "mine.py")
    assert planned_units(place, after)[0].study_file is None


def test_a_finished_trial_is_measured_and_keeps_its_weights_but_no_checkpoint(place):
    reports = run(place, NETWORK, evaluations=(Evaluation(split="val"), Evaluation(split="test")))
    row = only_trial(place)
    assert (row["state"], row["attempts"], row["epochs_run"], row["error"]) == ("finished", 1, 3, "")
    assert row["seconds"] > 0
    assert row["peak_memory_mb"] > 0
    assert 1 <= row["selected_epoch"] <= 3
    assert row["workers"] == 1
    assert sorted(path.name for path in folder(place).iterdir()) == [
        "epochs.parquet", "trial.parquet", "weights.safetensors",
    ]  # fmt: skip
    measured = {(row["split"], row["metric"]): row for row in of_whole_splits(place)}
    assert {split for split, _ in measured} == {"val", "test"}
    assert measured["test", "nme_io"]["images"] == 6
    assert len(rows(place, "images")) == 12
    assert [(each["state"], each["epoch"]) for each in reports] == [("running", 1), ("running", 2), ("finished", 3)]
    assert reports[-1]["test_nme_io"] == measured["test", "nme_io"]["value"]


def test_a_trials_row_says_what_it_was_and_what_it_costs(place):
    run(place, FLOOR)
    row = only_trial(place)
    (unit,) = planned_units(place, FLOOR, seeds=(1,))
    assert (row["method"], row["dataset"], row["seed"]) == ("mean_shape", "synthetic", 0)
    assert row["variant"] == unit.facts["variant"]
    assert row["data_digest"] == FACES.digest(place.data_root)
    assert (row["parameters"], row["macs"]) == (0, 0)
    assert '"kind":"mean_shape"' in row["config"]
    assert row["unreadable_images"] == []
    assert row["host"] and row["hardware"] and row["versions"]


def test_every_metric_of_every_epoch_is_recorded(place):
    run(place, NETWORK)
    found = {(row["epoch"], row["metric"]) for row in rows(place, "epochs")}
    assert {epoch for epoch, _ in found} == {1, 2, 3}
    for metric in ("train_loss", "train_mse", "val_nme_io", "val_mse", "learning_rate", *TIMES):
        assert {epoch for epoch, name in found if name == metric} == {1, 2, 3}


def test_a_search_can_go_by_all_that_validation_measures(place):
    run(place, NETWORK, evaluations=())
    measured = {row["metric"] for row in rows(place, "epochs") if row["metric"].startswith("val_")}
    known = {f"val_{metric}" for metric in metrics_of(NETWORK.method)}
    assert measured <= known
    assert all("dataset" in metric for metric in known - measured)  # these faces have boxes of no data set


def test_after_a_unit_its_plan_has_nothing_left(place):
    run(place, FLOOR)
    assert planned_units(place, FLOOR) == []


class Interrupt:
    """Ends the process, as far as the code can tell, when it hears of this epoch."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def __call__(self, metrics: dict[str, Any]) -> None:
        if metrics["epoch"] == self.epoch:
            raise KeyboardInterrupt


def numbers(place: Place) -> dict[tuple, float]:
    """All that was measured, but not how long it took."""
    found = {(row["epoch"], row["metric"]): row["value"] for row in rows(place, "epochs") if row["metric"] not in TIMES}
    measured = rows(place, "evaluations")
    return found | {(row["split"], row["subset"], row["metric"]): row["value"] for row in measured}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, cache) -> Place:
    """`NETWORK`, trained in one go."""
    root = tmp_path_factory.mktemp("undisturbed")
    made = Place(Storage(str(root / "runs")), root, cache)
    run(made, NETWORK)
    return made


@pytest.mark.parametrize("epochs", [(1,), (2,), (1, 2)])
def test_a_trial_that_was_interrupted_gives_the_same_bits_as_one_that_was_not(place, undisturbed, epochs):
    for epoch in epochs:
        with pytest.raises(KeyboardInterrupt):
            run(place, NETWORK, report=Interrupt(epoch))
        assert only_trial(place)["state"] == "running"
        assert only_trial(place)["epochs_run"] == epoch
        assert [path.name for path in folder(place).glob("epoch-*")] == [f"epoch-{epoch:05d}"]
    # Whatever else happens in the process in between must not matter.
    torch.manual_seed(4711)
    reports = run(place, NETWORK)
    assert [each["epoch"] for each in reports] == list(range(epochs[-1] + 1, 4))
    assert only_trial(place)["attempts"] == 1 + len(epochs)
    weights, expected_weights = ((folder(each) / "weights.safetensors").read_bytes() for each in (place, undisturbed))
    assert weights == expected_weights
    found, expected = numbers(place), numbers(undisturbed)
    assert found.keys() == expected.keys()
    assert [key for key in found if not np.array_equal(found[key], expected[key], equal_nan=True)] == []


def test_a_trial_that_died_after_its_last_epoch_is_only_measured_again(place, undisturbed, monkeypatch):
    def die(*arguments, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(orchestrator.measuring, "measure_all", die)
    with pytest.raises(KeyboardInterrupt):
        run(place, NETWORK)
    monkeypatch.undo()
    assert only_trial(place)["state"] == "finished"
    (unit,) = planned_units(place, NETWORK)
    assert unit.trained
    monkeypatch.setattr(orchestrator.unit, "train", die)
    execute(unit, Session())
    assert planned_units(place, NETWORK) == []
    found, expected = numbers(place), numbers(undisturbed)
    assert {key: found[key] for key in found if key[0] == "test"} == {
        key: expected[key] for key in expected if key[0] == "test"
    }


def test_a_unit_started_again_by_ray_after_its_trial_was_trained_only_measures(place, monkeypatch):
    (unit,) = planned_units(place, NETWORK)

    def die(*arguments, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(orchestrator.measuring, "measure_all", die)
    with pytest.raises(KeyboardInterrupt):
        execute(unit, Session())
    monkeypatch.undo()
    monkeypatch.setattr(orchestrator.unit, "train", die)
    execute(unit, Session())
    assert only_trial(place)["state"] == "finished"
    assert only_trial(place)["attempts"] == 1
    assert planned_units(place, NETWORK) == []


def test_a_diverged_trial_that_is_retried_starts_anew(place):
    infinite = with_changes(NETWORK, {"method": Infinite(input_size=32, width=8)})
    run(place, infinite)
    assert only_trial(place)["state"] == "diverged"
    assert not list(folder(place).glob("epoch-*"))


def test_other_files_than_those_that_were_planned_with_fail_the_trial(place):
    (unit,) = planned_units(place, FLOOR)
    execute(replace(unit, facts=unit.facts | {"data_digest": "0123456789abcdef"}), Session())
    row = only_trial(place)
    assert row["state"] == "failed"
    assert "expected 0123456789abcdef" in row["error"]


@pytest.fixture
def faces_now(place, tmp_path) -> Callable[[], Faces]:
    """What the next trial of this process takes for its faces, from a cache folder that no other test has."""
    (unit,) = planned_units(replace(place, cache=tmp_path / "cache"), FLOOR)
    trial = FLOOR.trial(seed=0)
    return lambda: faces_of(trial.data, trial, unit, unit.facts["data_digest"])


def only_prepared_file(tmp_path: Path) -> Path:
    (found,) = (tmp_path / "cache").glob("*.arrow")
    return found


def test_prepared_faces_stay_open_for_the_next_trial_of_the_process(faces_now):
    assert faces_now() is faces_now()


def test_a_prepared_file_that_was_removed_is_made_again(faces_now, tmp_path):
    before = faces_now()
    only_prepared_file(tmp_path).unlink()
    after = faces_now()
    assert after is not before
    assert only_prepared_file(tmp_path).exists()
    np.testing.assert_array_equal(after.landmarks, before.landmarks)


def test_a_prepared_file_that_was_put_in_place_of_another_is_opened(faces_now, tmp_path):
    before, path = faces_now(), only_prepared_file(tmp_path)
    shutil.copyfile(path, tmp_path / "another")
    (tmp_path / "another").replace(path)
    after = faces_now()
    assert after is not before
    assert faces_now() is after


def test_a_prepared_file_that_was_cut_off_is_made_again(faces_now, tmp_path):
    expected, path = faces_now().landmarks.copy(), only_prepared_file(tmp_path)
    os.truncate(path, path.stat().st_size // 2)
    np.testing.assert_array_equal(faces_now().landmarks, expected)


class Judge:
    """Answers after each epoch, and remembers what it was told."""

    def __init__(self, *answers: Verdict) -> None:
        self.answers = list(answers)
        self.told: list[Any] = []

    def __call__(self, values: Any, may_be_given_up: bool) -> Verdict:
        self.told.append(values)
        return self.answers.pop(0) if self.answers else Verdict.GO_ON


def judged(place: Place, judge: Judge, **changes: Any) -> list[dict[str, Any]]:
    """`NETWORK`, as a search tries it; what it reported."""
    (unit,) = planned_units(place, NETWORK)
    reports: list[dict[str, Any]] = []
    execute(replace(unit, **changes), Session(report=reports.append, verdict=judge))
    return reports


@pytest.mark.parametrize("verdict, state", [(Verdict.PRUNE, "pruned"), (Verdict.PAUSE, "running")])
def test_a_trial_that_is_stopped_keeps_its_epochs_and_goes_on_to_the_same_bits(place, undisturbed, verdict, state):
    reports = judged(place, Judge(Verdict.GO_ON, verdict), judged_by="val_nme_io")
    row = only_trial(place)
    assert (row["state"], row["epochs_run"], row["error"], row["failures"]) == (state, 2, "", 0)
    assert {each["epoch"] for each in rows(place, "epochs")} == {1, 2}
    assert rows(place, "evaluations") == []
    assert [path.name for path in folder(place).glob("epoch-*")] == ["epoch-00002"]
    assert (reports[-1]["state"], reports[-1]["trained"], reports[-1]["epoch"]) == (state, False, 2)
    (unit,) = planned_units(place, NETWORK)
    assert unit.epochs_done == 2
    reports = run(place, NETWORK)
    assert reports[0]["epoch"] == 3
    assert only_trial(place)["state"] == "finished"
    found, expected = numbers(place), numbers(undisturbed)
    assert [key for key in expected if not np.array_equal(found[key], expected[key], equal_nan=True)] == []


def test_a_judge_is_told_all_values_so_far_lower_is_better_and_is_not_asked_after_the_last_epoch(place):
    judge = Judge()
    judged(place, judge, judged_by="val_nme_io", minimized=False)
    values = {row["epoch"]: row["value"] for row in rows(place, "epochs") if row["metric"] == "val_nme_io"}
    assert judge.told == [[-values[1]], [-values[1], -values[2]]]
    assert only_trial(place)["state"] == "finished"


def test_a_trial_that_may_not_be_given_up_shows_no_values_but_can_be_paused(place):
    judge = Judge(Verdict.PAUSE)
    judged(place, judge)
    assert judge.told == [None]
    assert only_trial(place)["state"] == "running"


def test_memory_that_was_short_is_named_alike_and_the_next_attempt_divides_each_batch(place, monkeypatch):
    def short(output, batch):
        raise RuntimeError(
            "[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: you tried …"
        )

    monkeypatch.setattr("tests.orchestrator.test_unit.raise_key_error", short)
    raising = with_changes(FLOOR, {"method": Raising(input_size=32)})
    run(place, raising)
    row = only_trial(place)
    assert (row["state"], row["failures"], row["parts"]) == ("failed", 1, 1)
    assert row["error"].startswith("OutOfMemoryError: [enforce fail")
    (unit,) = planned_units(place, raising)
    assert (unit.parts, unit.largest_parts, unit.failures) == (2, 12, 1)


def test_the_peak_memory_is_the_trials_own(place):
    held = np.ones(600 * 2**20 // 8)  # 600 MB, let go before the trial begins
    del held
    of_the_process = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    run(place, FLOOR)
    assert 50 < only_trial(place)["peak_memory_mb"] < of_the_process - 300


def test_a_method_that_raises_fails_with_its_traceback_and_nobody_else_notices(place):
    raising = with_changes(FLOOR, {"method": Raising(input_size=32), "label": "raising"})
    reports = run(place, raising, FLOOR)
    found = {row["method"]: row for row in rows(place, "trials")}
    failed = found["raising_in_test_unit"]
    assert (failed["state"], failed["error"]) == ("failed", "KeyError: 'no such landmark'")
    assert 'raise KeyError("no such landmark")' in failed["traceback"]
    assert failed["traceback"].startswith("Traceback (most recent call last):")
    assert found["mean_shape"]["state"] == "finished"
    assert [(each["state"], each["error"]) for each in reports] == [
        ("failed", "KeyError: 'no such landmark'"),
        ("finished", ""),
    ]


def test_a_method_that_cannot_be_built_fails_alone(place, monkeypatch):
    def build(self, scheme):
        raise RuntimeError("this method has a bug")

    monkeypatch.setattr(Raising, "build", build)
    run(place, with_changes(FLOOR, {"method": Raising(input_size=40), "label": "raising"}), FLOOR)
    found = {row["method"]: (row["state"], row["error"]) for row in rows(place, "trials")}
    assert found == {
        "raising_in_test_unit": ("failed", "RuntimeError: this method has a bug"),
        "mean_shape": ("finished", ""),
    }


def test_a_failed_trial_is_left_alone_until_it_is_asked_for(place):
    raising = with_changes(FLOOR, {"method": Raising(input_size=32)})
    run(place, raising)
    assert planned_units(place, raising) == []
    (unit,) = planned_units(place, raising, retry_failed=True)
    execute(unit, Session())
    assert only_trial(place)["attempts"] == 2


def test_a_trial_that_is_mended_and_retried_has_no_error_left(place, monkeypatch):
    raising = with_changes(FLOOR, {"method": Raising(input_size=32)})
    run(place, raising)
    monkeypatch.setattr(Raising, "build", MeanShape.build)
    (unit,) = planned_units(place, raising, retry_failed=True)
    execute(unit, Session())
    row = only_trial(place)
    assert (row["state"], row["error"], row["traceback"]) == ("finished", "", "")


def test_a_loss_that_is_not_a_number_ends_the_trial_as_diverged_and_says_where(place):
    """12 faces in batches of 4: the second step of the first epoch is the first that is not finite."""
    run(place, with_changes(NETWORK, {"method": Infinite(input_size=32, width=8)}))
    row = only_trial(place)
    assert row["state"] == "diverged"
    assert row["error"].startswith("Diverged: training is no longer finite at epoch 1, step 2: mse = 0.")
    assert row["error"].endswith(", distance = nan")
    assert rows(place, "evaluations") == []


class FailingMeasure:
    """Fails on one split, measures the others."""

    def __init__(self, split: str) -> None:
        self.split, self.measure = split, orchestrator.measuring.measure_all

    def __call__(self, model, faces, evaluations, *rest, **settings):
        if evaluations[0].split == self.split:
            raise RuntimeError("no memory for that")
        return self.measure(model, faces, evaluations, *rest, **settings)


BOTH = (Evaluation(split="val"), Evaluation(split="test"))


def test_an_evaluation_that_fails_leaves_the_trial_finished_and_says_why(place, monkeypatch):
    monkeypatch.setattr(orchestrator.measuring, "measure_all", FailingMeasure("test"))
    (report, *_) = run(place, FLOOR, evaluations=BOTH)
    row = only_trial(place)
    assert (row["state"], row["error"]) == ("finished", "RuntimeError: no memory for that")
    assert "no memory for that" in row["traceback"]
    assert (report["state"], report["error"]) == ("failed", "RuntimeError: no memory for that")
    assert {row["split"] for row in rows(place, "evaluations")} == {"val"}


@pytest.mark.parametrize("gathered", [False, True])
def test_an_evaluation_that_failed_is_measured_by_a_later_unit_without_training(place, monkeypatch, gathered):
    monkeypatch.setattr(orchestrator.measuring, "measure_all", FailingMeasure("test"))
    run(place, FLOOR, evaluations=BOTH)
    monkeypatch.undo()
    if gathered:
        Ledger(place.storage).compact()
    (unit,) = planned_units(place, FLOOR, evaluations=BOTH)
    assert unit.trained
    assert [each["config"]["split"] for each in unit.evaluations] == ["test"]
    execute(unit, Session())
    row = only_trial(place)
    assert {row["split"] for row in rows(place, "evaluations")} == {"val", "test"}
    assert (row["state"], row["attempts"]) == ("finished", 1)
    assert (row["error"], row["traceback"]) == ("", "")


def test_an_evaluation_added_after_gathering_that_fails_says_why(place, monkeypatch):
    run(place, FLOOR)
    Ledger(place.storage).compact()
    monkeypatch.setattr(orchestrator.measuring, "measure_all", FailingMeasure("val"))
    run(place, FLOOR, evaluations=BOTH)
    assert only_trial(place)["error"] == "RuntimeError: no memory for that"


def test_a_decoder_that_fails_keeps_no_other_from_being_measured(place, monkeypatch):
    def never(self, peaks):
        raise RuntimeError("cannot read that")

    monkeypatch.setattr(TwoHot, "locate", never)
    evaluations = (Evaluation(), Evaluation(decoder=TwoHot()), Evaluation(decoder=OneHot()), Evaluation(split="val"))
    run(place, with_changes(FLOOR, {"method": Truth(input_size=32)}), evaluations=evaluations)
    row = only_trial(place)
    assert (row["state"], row["error"]) == ("finished", "RuntimeError: cannot read that")
    assert {(row["split"], row["decoder"]) for row in of_whole_splits(place)} == {
        ("test", ""), ("test", OneHot().describe()), ("val", ""),
    }  # fmt: skip


def test_another_evaluation_is_measured_without_training(place, monkeypatch):
    run(place, FLOOR)
    before = only_trial(place)

    def never(*arguments, **settings):
        raise AssertionError("it was trained again")

    monkeypatch.setattr(orchestrator.unit, "train", never)
    study = opened(place, FLOOR, evaluations=BOTH)
    (work,) = make_plan(study, place).works
    assert work.status is Status.EVALUATE
    (report,) = run(place, FLOOR, evaluations=BOTH)
    assert report["state"] == "finished"
    assert {row["split"] for row in rows(place, "evaluations")} == {"val", "test"}
    assert only_trial(place) == before


def test_measuring_later_leaves_the_training_with_its_own_provenance(place, monkeypatch):
    run(place, FLOOR)
    before = only_trial(place)
    code = {"git_commit": "f" * 40, "git_dirty": True, "versions": "{}"}
    monkeypatch.setattr("orchestrator.units.of_code", lambda: code)
    monkeypatch.setattr(orchestrator.measuring, "measure_all", FailingMeasure("val"))
    run(place, FLOOR, evaluations=BOTH)
    after = only_trial(place)
    assert after["error"] == "RuntimeError: no memory for that"
    assert {name: after[name] for name in code} == {name: before[name] for name in code}


def test_an_evaluation_on_other_faces_is_of_those_faces(place):
    others = Synthetic(train=1, val=1, test=2, size=96, seed=9)
    run(place, FLOOR, evaluations=(Evaluation(split="test", data=others),))
    (digest,) = {row["data_digest"] for row in rows(place, "evaluations")}
    assert digest == others.digest(place.data_root) != FACES.digest(place.data_root)
    assert len(rows(place, "images")) == 4


def test_every_subset_of_a_split_is_measured(place):
    run(place, FLOOR)
    images = rows(place, "images")
    tags = {tag for row in images for tag in row["tags"]}
    measured = {row["subset"]: row for row in rows(place, "evaluations") if row["metric"] == "nme_box"}
    assert tags and set(measured) == {"all", *tags}
    for tag in tags:
        assert measured[tag]["images"] == sum(tag in row["tags"] for row in images)


def test_a_perturbed_measurement_says_what_was_done_and_is_not_taken_for_the_plain_one(place):
    noise = Evaluation(perturbation=GaussianNoise(sigma=0.3))
    reports = run(place, NETWORK, evaluations=(Evaluation(), noise))
    found = {row["perturbation"]: row for row in of_whole_splits(place) if row["metric"] == "nme_io"}
    assert set(found) == {"", "Gaussian noise σ 0.3"}
    plain, noisy = found[""], found["Gaussian noise σ 0.3"]
    assert plain["value"] != noisy["value"]
    assert json.loads(noisy["config"])["perturbation"]["sigma"] == 0.3
    assert reports[-1]["test_nme_io"] == plain["value"]


def test_both_the_mean_weights_and_the_last_ones_are_measured_now_and_later(place):
    averaged = with_changes(NETWORK, {"label": "averaged", "recipe.averaging": Averaging(from_epoch=2)})
    run(place, averaged, evaluations=(Evaluation(),))
    run(place, averaged, NETWORK, evaluations=(Evaluation(), Evaluation(weights="last")))
    found = {
        (row["trial"], row["decoder"]): row["value"]
        for row in rows(place, "evaluations")
        if row["metric"] == "nme_io" and row["subset"] == "all"
    }
    assert sorted(decoder for _, decoder in found) == ["", "", "last weights"]  # one recipe keeps no last ones
    (trial,) = [trial for trial, decoder in found if decoder]
    epochs = {row["metric"]: row["value"] for row in rows(place, "epochs") if row["trial"] == trial}
    assert epochs["unaveraged_val_nme_io"] != epochs["val_nme_io"]
    assert found[trial, ""] != found[trial, "last weights"]


def test_last_weights_that_were_never_kept_are_named_and_the_rest_is_measured(place):
    averaged = with_changes(NETWORK, {"label": "averaged", "recipe.averaging": Averaging(from_epoch=2)})
    run(place, averaged, evaluations=())
    (row,) = rows(place, "trials")
    place.storage.filesystem.delete_file(f"{place.storage.trial(row['trial'])}/last.safetensors")
    run(place, averaged, evaluations=(Evaluation(weights="last"), Evaluation()))
    after = only_trial(place)
    assert after["state"] == "finished"
    assert "last weights are not in" in after["error"]
    assert "trained again" in after["error"]
    assert {row["decoder"] for row in of_whole_splits(place)} == {""}


def test_a_trial_starts_from_the_weights_of_its_stage(place):
    """The mean of a stage that saw every face once and of a trial that saw every face once more is the same mean."""
    after = with_changes(FLOOR, {"starts_from": (FLOOR,), "recipe.batch_size": 6, "label": "after"})
    run(place, FLOOR, after)
    folders = [place.storage.trial(row["trial"]) for row in rows(place, "trials")]
    counts = [int(read_weights((place.storage.filesystem, each))["count"][0]) for each in folders]
    assert sorted(counts) == [12, 24]
    values = {row["value"] for row in of_whole_splits(place) if row["metric"] == "nme_io"}
    assert max(values) == pytest.approx(min(values), rel=1e-5)


def test_a_trial_starts_from_several_stages_at_once_each_with_parts_of_its_own(place):
    other = with_changes(FLOOR, {"recipe.batch_size": 6, "label": "other"})
    run(place, FLOOR, other)
    both = with_changes(FLOOR, {"starts_from": (FLOOR, other), "label": "both"})
    run(place, both)
    failed = [row for row in rows(place, "trials") if row["state"] == "failed"]
    assert len(failed) == 1
    assert "parts of the same name, such as 'count'" in failed[0]["error"]


def test_unlabelled_faces_travel_with_their_digest_and_are_prepared_before_anything_starts(place):
    pool = Synthetic(train=2, val=1, test=1, size=96, seed=9)
    recipe = replace(NETWORK.recipe, epochs=1, unlabelled=2)
    taught = replace(NETWORK, recipe=recipe, unlabelled=pool)
    (unit,) = planned_units(place, taught)
    assert unit.unlabelled_digest == pool.digest(place.data_root)
    own = opened(place, taught)
    before = {*place.cache.glob("*.arrow")}
    prepare_data(make_plan(own, place), place, lambda name, done, total: None)
    assert len({*place.cache.glob("*.arrow")} - before) >= 1
    run(place, taught)
    counts = {row["metric"]: row["value"] for row in rows(place, "epochs") if row["metric"].endswith("labelled_images")}
    assert counts == {"labelled_images": 12, "unlabelled_images": 6}


def test_a_worker_that_does_not_lead_writes_nothing(place):
    (unit,) = planned_units(place, FLOOR)
    reports = []

    def of_the_lead(value):
        return {"val_nme_io": 0.5} if value is None else value

    execute(unit, Session(Placement(rank=1, world=2, broadcast=of_the_lead), reports.append))
    assert rows(place, "trials") == []
    assert reports[-1]["state"] == "finished"


def test_an_image_that_cannot_be_read_is_counted_and_named(place, monkeypatch):
    read, broken = Synthetic.read_image, Synthetic(train=6, val=3, test=3, size=96, seed=5)

    def read_all_but_one(self, data_root, face):
        if face.image == "identity00001_view0":
            raise UnreadableImage(f"{face.image}: not a readable image")
        return read(self, data_root, face)

    monkeypatch.setattr(Synthetic, "read_image", read_all_but_one)
    run(place, with_changes(FLOOR, {"data": broken}))
    row = only_trial(place)
    assert (row["state"], row["unreadable_images"]) == ("finished", ["identity00001_view0: not a readable image"])

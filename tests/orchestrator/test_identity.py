"""The same declaration has the same id everywhere; whatever can change a result changes it."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args, get_origin, get_type_hints

import pytest

from orchestrator.identity import canonical, evaluation_id, trial_id, variant_id
from search_spaces.variants import Resources, Variant
from trainables.codecs.dark import Dark
from trainables.config import config, from_plain, is_config, to_plain, with_changes
from trainables.datasets.synthetic import Synthetic
from trainables.datasets.ytf68 import Ytf68
from trainables.methods.hrnet import Hrnet
from trainables.methods.mean_shape import MeanShape
from trainables.methods.resnet18 import ResNet18
from trainables.paper_recipes import PAPER_001
from trainables.recipe import Averaging, Constant, Convergence, Cosine, Multistep, Pairs, Recipe, RMSprop, Warmup
from trainables.transforms.augmentation import Augmentation
from trainables.transforms.curriculum import Curriculum
from trainables.trial import Evaluation, Trial, robustness_evaluations

DIGEST = "0123456789abcdef"


def digest_of(dataset) -> str:
    return DIGEST


def id_of(trial: Trial) -> str:
    return trial_id(trial, digest_of)


STAGE = Trial(method=MeanShape(), data=Ytf68(), recipe=Recipe(epochs=1))
OTHER_STAGE = Trial(method=ResNet18(), data=Ytf68())
# Every kind of setting occurs in it: optional ones are set, and it starts from another trial.
WHOLE = Trial(
    method=ResNet18(),
    data=Synthetic(),
    recipe=dataclasses.replace(
        PAPER_001,
        curriculum=Curriculum(),
        warmup=Warmup(),
        clip_norm=8.0,
        averaging=Averaging(from_epoch=3),
        pairs=Pairs(),
        unlabelled=4,
        other_optimizer=RMSprop(),
    ),
    starts_from=(STAGE,),
    unlabelled=Synthetic(seed=2),
)


@config
class Part:
    value: Any


@config
class Whole:
    part: Part


RECORDED = {
    "the defaults": (Trial(method=ResNet18(), data=Ytf68()), "ee71f038b65658a6", "32e43e2bc7ab194c"),
    "paper 001, seed 3": (
        Trial(method=ResNet18(), data=Ytf68(), recipe=PAPER_001, seed=3),
        "8fe1ecc72dd0e73d",
        "52799ca682c9ae77",
    ),
    "a small one on rendered faces": (
        Trial(
            method=ResNet18(input_size=64, width=32),
            data=Synthetic(train=400, val=50, test=100),
            recipe=Recipe(epochs=20, schedule=Multistep(milestones=(10, 15)), augmentation=Augmentation(hue=0)),
        ),
        "2aaecdca7c4c6663",
        "82b364e2f1e21104",
    ),
    "two workers": (
        Trial(method=MeanShape(), data=Ytf68(), recipe=Recipe(schedule=Cosine()), shares=2),
        "2ac0fa3898d06668",
        "dc57c6877b7e2ce1",
    ),
    "a stage before": (
        Trial(method=ResNet18(), data=Ytf68(), seed=1, starts_from=(STAGE,)),
        "0bb6d75189f24ce3",
        "cde7c4fb711ed8d1",
    ),
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_ids_stay_what_they_are(name):
    """A change here orphans every ledger: give a new field its `neutral` value instead."""
    trial, of_trial, of_variant = RECORDED[name]
    assert (id_of(trial), variant_id(trial, digest_of)) == (of_trial, of_variant)


def test_recorded_ids_of_evaluations_stay_what_they_are():
    on_itself = evaluation_id("0" * 16, Evaluation(split="test"), Ytf68(), digest_of)
    elsewhere = evaluation_id("0" * 16, Evaluation(split="val", data=Synthetic()), Synthetic(), digest_of)
    assert (on_itself, elsewhere) == ("7fedd63f85c75d35", "6b72f84b93e50110")


def test_a_perturbed_evaluation_has_an_id_of_its_own_for_each_level():
    evaluations = (Evaluation(), *robustness_evaluations())
    ids = {evaluation_id("0" * 16, each, Ytf68(), digest_of) for each in evaluations}
    assert len(ids) == len(evaluations)


def test_decoders_and_flip_tests_have_ids_of_their_own():
    evaluations = [Evaluation(decoder=decoder, flip_test=flip) for decoder in (None, Dark()) for flip in (None, "one")]
    ids = {evaluation_id("0" * 16, each, Ytf68(), digest_of) for each in evaluations}
    assert len(ids) == 4


def test_an_id_is_the_same_in_another_process_with_another_hash_seed():
    code = "from test_identity import RECORDED, id_of; print(*(id_of(trial) for trial, _, _ in RECORDED.values()))"
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [id_of(trial) for trial, _, _ in RECORDED.values()]


def paths(value: Any, prefix: str = "") -> Iterator[tuple[str, Any, str]]:
    """Every setting below a config: its dotted path, and the config and field that it is."""
    for each in dataclasses.fields(value):
        inner = getattr(value, each.name)
        yield f"{prefix}{each.name}", value, each.name
        if is_config(inner):
            yield from paths(inner, f"{prefix}{each.name}.")


def another(owner: Any, name: str) -> Any:
    """A valid value that the setting does not have."""
    value, hint = getattr(owner, name), get_type_hints(type(owner))[name]
    if get_origin(hint) is Literal:
        return next(choice for choice in get_args(hint) if choice != value)
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case tuple() if "Trial" in str(hint):
            return ()
        case float():
            return value / 2 or 0.25
        case None if "Augmentation" in str(hint):
            return Augmentation()
        case None if "Curriculum" in str(hint):
            return Curriculum()
        case None if "Warmup" in str(hint):
            return Warmup()
        case None if "Averaging" in str(hint):
            return Averaging(from_epoch=1)
        case None if "Pairs" in str(hint):
            return Pairs()
        case None if "Convergence" in str(hint):
            return Convergence()
        case None if "bool" in str(hint):
            return True
        case None:
            return 7
        case Constant():
            return Cosine()
    first = dataclasses.fields(value)[0].name
    return with_changes(value, {first: another(value, first)})


@pytest.mark.parametrize("path, owner, name", list(paths(WHOLE)), ids=[path for path, _, _ in paths(WHOLE)])
def test_every_setting_of_a_trial_changes_its_id_unless_it_says_otherwise(path, owner, name):
    changed = with_changes(WHOLE, {path: another(owner, name)})
    assert changed != WHOLE
    said = next(each for each in dataclasses.fields(owner) if each.name == name).metadata
    assert (id_of(changed) != id_of(WHOLE)) == said.get("identity", True)


@pytest.mark.parametrize("schedule", [Constant(), Cosine(), Multistep(milestones=(3,)), Multistep(milestones=(3, 4))])
def test_every_schedule_has_an_id_of_its_own(schedule):
    ids = {id_of(with_changes(WHOLE, {"recipe.schedule": each})) for each in (PAPER_001.schedule, schedule)}
    assert len(ids) == 2


def test_a_seed_changes_the_trial_but_not_its_variant():
    other = with_changes(WHOLE, {"seed": 1})
    assert id_of(other) != id_of(WHOLE)
    assert variant_id(other, digest_of) == variant_id(WHOLE, digest_of)


def test_the_seed_of_a_stage_is_part_of_the_trial_but_not_of_the_variant():
    for stages in ((STAGE,), (STAGE, OTHER_STAGE)):
        one = with_changes(WHOLE, {"starts_from": stages})
        other = with_changes(WHOLE, {"starts_from": tuple(with_changes(stage, {"seed": 1}) for stage in stages)})
        assert id_of(other) != id_of(one)
        assert variant_id(other, digest_of) == variant_id(one, digest_of)


def test_everything_but_the_seed_changes_the_variant():
    other = with_changes(WHOLE, {"recipe.epochs": 7})
    assert variant_id(other, digest_of) != variant_id(WHOLE, digest_of)


def test_a_stage_before_changes_the_trial_and_so_does_what_that_stage_was():
    longer = with_changes(STAGE, {"recipe.epochs": 2})
    chains = ((), (STAGE,), (longer,), (STAGE, OTHER_STAGE), (longer, OTHER_STAGE))
    assert len({id_of(with_changes(WHOLE, {"starts_from": stages})) for stages in chains}) == len(chains)


def test_a_variant_with_several_stages_is_one_variant_whatever_the_seed():
    def variant_of(seed: int) -> str:
        stages = tuple(with_changes(stage, {"seed": seed}) for stage in (STAGE, OTHER_STAGE))
        return variant_id(with_changes(WHOLE, {"seed": seed, "starts_from": stages}), digest_of)

    assert len({variant_of(seed) for seed in range(20)}) == 1


def test_the_order_of_the_stages_does_not_matter():
    one, other = (with_changes(WHOLE, {"starts_from": each}) for each in ((STAGE, OTHER_STAGE), (OTHER_STAGE, STAGE)))
    assert id_of(one) == id_of(other)


def test_other_bytes_of_the_data_make_another_trial():
    assert trial_id(WHOLE, lambda dataset: "fedcba9876543210") != id_of(WHOLE)


def test_other_bytes_of_a_stages_data_make_another_trial():
    def other(dataset) -> str:
        return "fedcba9876543210" if isinstance(dataset, Ytf68) else DIGEST

    assert trial_id(WHOLE, other) != id_of(WHOLE)


def test_other_bytes_of_the_unlabelled_faces_make_another_trial():
    def other(dataset) -> str:
        return "fedcba9876543210" if dataset == Synthetic(seed=2) else DIGEST

    assert trial_id(WHOLE, other) != id_of(WHOLE)


def test_a_file_of_weights_counts_by_what_it_holds_not_by_where_it_lies(tmp_path):
    def id_with(name: str, content: bytes) -> str:
        (tmp_path / name).write_bytes(content)
        return id_of(Trial(method=Hrnet(pretrained=str(tmp_path / name)), data=Ytf68()))

    one = id_with("one", b"weights")
    assert one == id_with("copy", b"weights")
    assert len({one, id_with("one", b"other weights"), id_of(Trial(method=Hrnet(), data=Ytf68()))}) == 3
    with pytest.raises(ValueError, match=r"absent: No such file.*Give the path"):
        id_of(Trial(method=Hrnet(pretrained=str(tmp_path / "absent")), data=Ytf68()))


def test_a_file_of_weights_that_is_written_again_counts_anew(tmp_path):
    trial = Trial(method=Hrnet(pretrained=str(tmp_path / "weights")), data=Ytf68())
    (tmp_path / "weights").write_bytes(b"weights")
    before = id_of(trial)
    (tmp_path / "weights").write_bytes(b"other weights")
    assert id_of(trial) != before


def test_equal_settings_that_are_written_differently_keep_their_own_ids():
    """As whoever asked first would else decide for all."""
    whole, fraction = Whole(part=Part(value=1)), Whole(part=Part(value=1.0))
    assert whole == fraction
    assert [type(canonical(each)["part"]["value"]) for each in (whole, fraction)] == [int, float]


@pytest.mark.parametrize("kind", [ResNet18, Synthetic])
def test_a_raised_version_of_the_code_makes_another_trial(kind, monkeypatch):
    before = id_of(WHOLE)
    monkeypatch.setattr(kind, "VERSION", 2)
    assert id_of(from_plain(to_plain(WHOLE))) != before


def test_the_name_of_a_variant_and_what_it_is_given_leave_the_id_alone():
    plain = Variant(method=ResNet18(), data=Ytf68())
    named = Variant(method=ResNet18(), data=Ytf68(), label="the paper's", resources=Resources(cpus=8, gpus=0.5))
    assert id_of(named.trial(0)) == id_of(plain.trial(0))


def test_one_worker_of_a_group_is_the_same_trial_as_none_but_two_are_not():
    """Batch normalisation sees one worker's share of a batch at a time."""
    ids = [id_of(Variant(method=ResNet18(), data=Ytf68(), resources=Resources(workers=n)).trial(0)) for n in (0, 1, 2)]
    assert ids[0] == ids[1] != ids[2]


def test_a_whole_number_and_the_same_decimal_number_are_one_declaration():
    whole, decimal = (with_changes(WHOLE, {"recipe.optimizer.lr": lr}) for lr in (1, 1.0))
    assert id_of(whole) == id_of(decimal)


def test_ids_are_16_hex_digits():
    id = id_of(WHOLE)
    assert len(id) == 16
    assert int(id, 16) >= 0


@config
class Before:
    """A config as it was first."""

    kind: ClassVar[str] = "grown"
    rate: float = 0.1


@config
class After:
    """The same config later: one field that only changes speed, one that was added."""

    kind: ClassVar[str] = "grown"
    rate: float = 0.1
    loader_workers: int = field(default=4, metadata={"identity": False})
    warmup_epochs: int = field(default=0, metadata={"neutral": 0})


def test_a_field_that_only_changes_speed_is_left_out():
    assert canonical(After(loader_workers=1)) == canonical(After(loader_workers=64)) == canonical(Before())


def test_a_field_added_later_leaves_old_ids_valid_at_its_neutral_value_only():
    assert canonical(After(warmup_epochs=0)) == canonical(Before())
    assert canonical(After(warmup_epochs=5)) == {"kind": "grown", "rate": 0.1, "warmup_epochs": 5}


def test_a_split_a_data_set_a_trial_and_its_bytes_each_change_an_evaluation():
    def measured(trial="a" * 16, split="test", data=None, digest=DIGEST) -> str:
        evaluation = Evaluation(split=split, data=data)
        return evaluation_id(trial, evaluation, data or Ytf68(), lambda dataset: digest)

    ids = {
        measured(),
        measured(trial="b" * 16),
        measured(split="val"),
        measured(data=Synthetic()),
        measured(digest="fedcba9876543210"),
    }
    assert len(ids) == 5

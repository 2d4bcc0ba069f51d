"""What a plan decides, for every state that a ledger can be in."""

import pytest

from orchestrator.identity import evaluation_id, trial_id, variant_id
from orchestrator.plan import Begun, Known, Plan, Status, Work, plan_study
from orchestrator.schema import State
from search_spaces.study import Study
from search_spaces.variants import Resources, Variant
from trainables.codecs.multilateration import Multilateration
from trainables.config import with_changes
from trainables.datasets.synthetic import Synthetic
from trainables.methods.keyposs import KeyPosS
from trainables.methods.mean_shape import MeanShape
from trainables.methods.resnet18 import ResNet18
from trainables.recipe import Recipe
from trainables.trial import Evaluation, Trial

TEST, VAL = Evaluation(split="test"), Evaluation(split="val")
PLAIN = Variant(label="plain", method=ResNet18(), data=Synthetic())
LONGER = with_changes(PLAIN, {"recipe.epochs": 99, "label": "longer"})
STAGE = Variant(label="stage", method=ResNet18(), data=Synthetic(), recipe=Recipe(epochs=1))
NEXT = with_changes(PLAIN, {"starts_from": (STAGE,), "label": "next"})
NOTHING = Known(states={}, errors={}, evaluated=())


def digest_of(dataset) -> str:
    return "0123456789abcdef"


def study(*variants: Variant, **settings) -> Study:
    return Study(question="Does it matter?", variants=variants or (PLAIN,), **settings)


def planned(declared: Study, known: Known = NOTHING, retry_failed: bool = False) -> Plan:
    return plan_study("study", declared, known, digest_of, retry_failed)


def id_of(variant: Variant, seed: int = 0) -> str:
    return trial_id(variant.trial(seed), digest_of)


def measured(variant: Variant, *evaluations: Evaluation, seed: int = 0) -> set[str]:
    return {evaluation_id(id_of(variant, seed), each, variant.data, digest_of) for each in evaluations}


def knows(states: dict[str, State], evaluated: set[str] = frozenset(), errors: dict[str, str] | None = None) -> Known:
    return Known(states=states, errors=errors or {}, evaluated=evaluated)


def statuses(plan: Plan) -> dict[str, Status]:
    return {work.label: work.status for work in plan.works}


@pytest.mark.parametrize(
    "state, evaluated, retry_failed, status",
    [
        (None, False, False, Status.RUN),
        (State.RUNNING, False, False, Status.RESUME),
        (State.FINISHED, True, False, Status.DONE),
        (State.FINISHED, False, False, Status.EVALUATE),
        (State.FAILED, False, False, Status.FAILED),
        (State.DIVERGED, False, False, Status.FAILED),
        (State.PRUNED, False, False, Status.RESUME),  # given up by a search; here it is needed whole
        (State.PRUNED, True, False, Status.RESUME),
        (State.FAILED, False, True, Status.RESUME),
        (State.DIVERGED, False, True, Status.RESUME),
        (None, False, True, Status.RUN),
        (State.FINISHED, True, True, Status.DONE),
        (State.FINISHED, False, True, Status.EVALUATE),
        (State.RUNNING, False, True, Status.RESUME),
    ],
)
def test_a_state_of_the_ledger_decides_what_is_done(state, evaluated, retry_failed, status):
    states = {} if state is None else {id_of(PLAIN): state}
    known = knows(states, measured(PLAIN, TEST) if evaluated else set())
    assert statuses(planned(study(), known, retry_failed)) == {"plain": status}


def test_every_state_is_decided_on():
    for state in State:
        assert planned(study(), knows({id_of(PLAIN): state})).works[0].status in Status


def test_a_finished_study_has_nothing_left_to_run():
    both = {id_of(PLAIN): State.FINISHED, id_of(LONGER): State.FINISHED}
    plan = planned(study(PLAIN, LONGER), knows(both, measured(PLAIN, TEST) | measured(LONGER, TEST)))
    assert plan.todo == ()
    assert plan.count(Status.DONE) == 2


def test_a_failed_trial_carries_its_error_as_the_reason():
    known = knows({id_of(PLAIN): State.FAILED}, errors={id_of(PLAIN): "ValueError: too many faces"})
    assert planned(study(), known).works[0].reason == "ValueError: too many faces"


DIED, MEMORY, NODE = "its process died", "OutOfMemoryError: CUDA out of memory", "NodeDied"


@pytest.mark.parametrize(
    "begun, status, parts",
    [
        (Begun(failures=1, error=DIED), Status.RESUME, 1),
        (Begun(failures=2, error=DIED), Status.RESUME, 1),
        (Begun(failures=3, error=DIED), Status.FAILED, 1),
        (Begun(failures=1, error="KeyError: 'eyes'"), Status.FAILED, 1),
        (Begun(failures=1, error="DataError: other files"), Status.FAILED, 1),
        (Begun(failures=0, error=NODE), Status.RESUME, 1),
        (Begun(failures=1, parts=2, error=MEMORY), Status.RESUME, 4),
        (Begun(failures=3, parts=4, error=MEMORY), Status.RESUME, 6),
        (Begun(failures=4, parts=6, error=MEMORY), Status.FAILED, 6),  # every face was alone
        (Begun(failures=2, parts=4, error=DIED), Status.RESUME, 4),
        (Begun(failures=None, error=DIED), Status.FAILED, 1),  # recorded before failures were counted
    ],
)
def test_what_a_launch_would_have_tried_again_goes_on_and_in_as_many_parts(begun, status, parts):
    """Its end came between the failure and the next attempt. The batch is of six faces."""
    six = with_changes(PLAIN, {"recipe.batch_size": 6})
    known = Known(states={id_of(six): State.FAILED}, errors={}, evaluated=(), begun={id_of(six): begun})
    (work,) = planned(study(six), known).works
    assert (work.status, work.begun.parts) == (status, parts)


def test_what_diverged_is_not_tried_again_however_seldom_it_failed():
    known = Known({id_of(PLAIN): State.DIVERGED}, {}, (), {id_of(PLAIN): Begun(failures=0, error=NODE)})
    assert statuses(planned(study(), known)) == {"plain": Status.FAILED}


def test_a_trial_that_began_says_how_far_it_came():
    known = Known({id_of(PLAIN): State.RUNNING}, {}, (), {id_of(PLAIN): Begun(epochs=7, parts=2)})
    (work,) = planned(study(), known).works
    assert (work.begun.epochs, work.begun.parts) == (7, 2)


def test_only_what_was_not_measured_is_missing():
    declared = study(evaluations=(VAL, TEST))
    (work,) = planned(declared, knows({id_of(PLAIN): State.FINISHED}, measured(PLAIN, VAL))).works
    assert work.status is Status.EVALUATE
    assert [each.evaluation for each in work.missing] == [TEST]
    assert [each.evaluation for each in work.measurements] == [VAL, TEST]


def test_an_evaluation_on_other_data_is_another_measurement_of_the_same_trial():
    elsewhere = Evaluation(split="test", data=Synthetic(seed=7))
    (work,) = planned(study(evaluations=(TEST, elsewhere))).works
    assert [each.data for each in work.measurements] == [Synthetic(), Synthetic(seed=7)]
    assert len({each.id for each in work.measurements}) == 2


def test_adding_a_seed_plans_only_that_seed():
    known = knows({id_of(PLAIN, 0): State.FINISHED}, measured(PLAIN, TEST, seed=0))
    plan = planned(study(seeds=(0, 1)), known)
    assert [(work.trial.seed, work.status) for work in plan.works] == [(0, Status.DONE), (1, Status.RUN)]
    assert [work.trial.seed for work in plan.todo] == [1]


def test_seeds_of_a_variant_share_its_id():
    plan = planned(study(seeds=(0, 1)))
    assert {work.variant_id for work in plan.works} == {variant_id(PLAIN.trial(0), digest_of)}
    assert len({work.id for work in plan.works}) == 2


def test_early_results_cover_every_variant():
    plan = planned(study(PLAIN, LONGER, seeds=(0, 1)))
    order = [(work.trial.seed, work.label) for work in plan.works]
    assert order == [(0, "plain"), (0, "longer"), (1, "plain"), (1, "longer")]


def test_variants_with_the_same_content_are_one_trial():
    twin = with_changes(PLAIN, {"label": "twin", "resources": Resources(cpus=4)})
    assert statuses(planned(study(PLAIN, twin))) == {"plain": Status.RUN}


def test_a_stage_comes_before_what_starts_from_it_and_is_not_measured():
    stage, after = planned(study(NEXT)).works
    assert (stage.label, after.label) == ("stage", "next")
    assert after.starts_from == (stage.id,) == (id_of(STAGE),)
    assert stage.starts_from == ()
    assert stage.measurements == ()


def test_a_stage_is_shared_by_everything_that_starts_from_it():
    other = with_changes(NEXT, {"recipe.epochs": 5, "label": "other"})
    assert statuses(planned(study(NEXT, other))) == {"stage": Status.RUN, "next": Status.RUN, "other": Status.RUN}


def test_each_seed_has_a_stage_of_its_own():
    plan = planned(study(NEXT, seeds=(0, 1)))
    assert [(work.label, work.trial.seed) for work in plan.works] == [
        ("stage", 0), ("next", 0), ("stage", 1), ("next", 1),
    ]  # fmt: skip


@pytest.mark.parametrize("variants", [(STAGE, NEXT), (NEXT, STAGE)])
def test_a_stage_that_the_study_asks_for_itself_is_measured_and_trained_once(variants):
    works = {work.label: work for work in planned(study(*variants)).works}
    assert list(works) == ["stage", "next"]
    assert [each.evaluation for each in works["stage"].measurements] == [TEST]


def test_a_finished_stage_needs_no_measurement_to_be_started_from():
    plan = planned(study(NEXT), knows({id_of(STAGE): State.FINISHED}))
    assert statuses(plan) == {"stage": Status.DONE, "next": Status.RUN}
    assert [work.label for work in plan.todo] == ["next"]


def test_a_failed_stage_blocks_only_what_depends_on_it_and_says_why():
    last = with_changes(PLAIN, {"starts_from": (NEXT,), "label": "last"})
    plan = planned(study(last, LONGER), knows({id_of(STAGE): State.DIVERGED}))
    assert statuses(plan) == {
        "stage": Status.FAILED,
        "next": Status.BLOCKED,
        "last": Status.BLOCKED,
        "longer": Status.RUN,
    }
    reasons = {work.label: work.reason for work in plan.works}
    assert reasons["next"] == f"starts from {id_of(STAGE)} (stage), which failed"
    assert reasons["last"] == f"starts from {id_of(NEXT)} (next), which is blocked"
    assert [work.label for work in plan.todo] == ["longer"]


def test_a_trial_waits_for_all_its_stages_and_names_the_one_that_failed():
    both = with_changes(PLAIN, {"starts_from": (LONGER, STAGE), "label": "both"})
    made = planned(study(both))
    assert [work.label for work in made.works] == ["longer", "stage", "both"]
    assert made.works[-1].starts_from == (id_of(LONGER), id_of(STAGE))
    *_, blocked = planned(study(both), knows({id_of(STAGE): State.FAILED})).works
    assert (blocked.status, blocked.reason) == (Status.BLOCKED, f"starts from {id_of(STAGE)} (stage), which failed")


def test_retrying_a_failed_stage_unblocks_what_depends_on_it():
    plan = planned(study(NEXT), knows({id_of(STAGE): State.FAILED}), retry_failed=True)
    assert statuses(plan) == {"stage": Status.RESUME, "next": Status.RUN}


def test_what_finished_before_its_stage_failed_stays_done():
    states = {id_of(STAGE): State.FAILED, id_of(NEXT): State.FINISHED}
    plan = planned(study(NEXT), knows(states, measured(NEXT, TEST)))
    assert statuses(plan) == {"stage": Status.FAILED, "next": Status.DONE}


def test_a_plan_carries_what_each_trial_is_given():
    given = Resources(workers=2, cpus=3)
    (work,) = planned(study(with_changes(PLAIN, {"resources": given}))).works
    assert isinstance(work, Work)
    assert work.resources == given
    assert work.trial == Trial(method=ResNet18(), data=Synthetic(), shares=2)


def test_a_study_on_other_data_bytes_is_to_be_run_again():
    known = knows({id_of(PLAIN): State.FINISHED}, measured(PLAIN, TEST))
    plan = plan_study("study", study(), known, lambda dataset: "fedcba9876543210")
    assert plan.works[0].status is Status.RUN


def test_trials_of_other_studies_are_found_by_their_content():
    """A mean face that another study trained and measured is done here too."""
    floor = Variant(label="floor", method=MeanShape(), data=Synthetic())
    known = knows({id_of(floor): State.FINISHED, "f" * 16: State.FAILED}, measured(floor, TEST))
    renamed = with_changes(floor, {"label": "mean face"})
    assert statuses(planned(study(renamed, PLAIN), known)) == {"mean face": Status.DONE, "plain": Status.RUN}


def wants_val(label: str, evaluation: Evaluation) -> bool:
    return evaluation.split == "val"


def test_a_table_wants_only_some_of_a_studys_evaluations():
    made = planned(study(PLAIN, evaluations=(TEST, VAL))).only(wants_val)
    (work,) = made.works
    assert [one.evaluation for one in work.missing] == [one.evaluation for one in work.measurements] == [VAL]
    assert work.status is Status.RUN


def test_a_trial_lacks_nothing_when_what_a_table_wants_is_measured():
    declared = study(PLAIN, evaluations=(TEST, VAL))
    made = planned(declared, knows({id_of(PLAIN): State.FINISHED}, measured(PLAIN, VAL)))
    assert statuses(made) == {"plain": Status.EVALUATE}
    assert statuses(made.only(wants_val)) == {"plain": Status.DONE}


def test_a_table_leaves_out_trials_that_it_does_not_show_but_keeps_their_stages():
    made = planned(study(PLAIN, NEXT, LONGER)).only(lambda label, evaluation: label == "next")
    assert [work.label for work in made.works] == ["stage", "next"]


def test_heatmaps_that_are_too_small_for_a_decoder_are_not_read_by_it():
    kernels = tuple(Evaluation(decoder=Multilateration(kernel=kernel)) for kernel in (4, 5))
    small = Variant(label="4×4", method=KeyPosS(stride=64), data=Synthetic())
    larger = Variant(label="8×8", method=KeyPosS(stride=32), data=Synthetic())
    made = planned(study(small, larger, evaluations=kernels))
    found = {work.label: [one.evaluation for one in work.missing] for work in made.works}
    assert found == {"4×4": [kernels[0]], "8×8": list(kernels)}

"""What a trial is told after each epoch."""

import pytest

from orchestrator.referee import Referee, Verdict
from search_spaces.stopping import Asha, Median


class Clock:
    """Stands in for the time of this machine."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("orchestrator.referee.time", made)
    return made


def test_without_a_rule_and_a_limit_every_trial_goes_on():
    assert Referee(None, {}, None).verdict("a", [9.0]) is Verdict.GO_ON
    assert Referee(None, {"b": [1.0]}, None).verdict("a", None) is Verdict.GO_ON


def test_a_trial_is_given_up_beside_what_it_was_told_of_others():
    referee = Referee(Asha(factor=2), {}, None)
    assert referee.verdict("a", [2.0]) is Verdict.GO_ON
    assert referee.verdict("b", [3.0]) is Verdict.PRUNE
    assert referee.verdict("c", [1.0]) is Verdict.GO_ON


def test_what_earlier_launches_saw_counts():
    referee = Referee(Asha(factor=2), {"before": [1.0, 1.0]}, None)
    assert referee.verdict("a", [2.0]) is Verdict.PRUNE


def test_a_trial_is_no_rival_of_its_own_past():
    """It was interrupted after its second epoch; the first one is trained again."""
    referee = Referee(Asha(factor=2), {"a": [1.0, 0.5]}, None)
    assert referee.verdict("a", [1.5]) is Verdict.GO_ON


def test_a_restarted_referee_decides_as_the_first_would_have():
    told = [
        ("a", [3.0]),
        ("b", [2.0]),
        ("a", [3.0, 2.5]),
        ("c", [2.6]),
        ("b", [2.0, 2.6]),
        ("d", [1.0]),
        ("d", [1.0, 1.0]),
    ]
    for rule in (Asha(min_epochs=1, factor=2), Median(min_epochs=1, min_trials=1)):
        whole, values, again = Referee(rule, {}, None), {}, []
        first = [whole.verdict(trial, values) for trial, values in told]
        for trial, some in told:
            again.append(Referee(rule, values, None).verdict(trial, some))
            values[trial] = some
        assert again == first
        assert Verdict.PRUNE in first


def test_what_is_not_judged_is_no_rival_and_what_may_not_be_given_up_is_one():
    """Confirmation and stages are not judged; a search's base is trained whole, and others are compared with it."""
    referee = Referee(Asha(factor=2), {"best": [0.1]}, None)
    assert referee.verdict("stage", None) is Verdict.GO_ON
    assert referee.verdict("base", [0.2], may_be_given_up=False) is Verdict.GO_ON
    assert referee.verdict("worse than the base", [0.3]) is Verdict.PRUNE
    assert referee.verdict("a", [0.05]) is Verdict.GO_ON


def test_a_trial_is_paused_where_another_epoch_like_the_last_would_come_too_late(clock):
    referee = Referee(None, {}, seconds_left=100.0)
    assert referee.verdict("a", None) is Verdict.GO_ON  # how long its epochs take is not known yet
    clock.now += 40
    assert referee.verdict("a", None) is Verdict.GO_ON  # 40 more are 80
    clock.now += 40
    assert referee.verdict("a", None) is Verdict.PAUSE  # 40 more would be 120


def test_trials_with_short_epochs_go_on_longer(clock):
    referee = Referee(None, {}, seconds_left=100.0)
    referee.verdict("long", None), referee.verdict("short", None)
    clock.now += 55
    referee.verdict("short", None)
    assert referee.verdict("long", None) is Verdict.PAUSE
    clock.now += 10
    assert referee.verdict("short", None) is Verdict.GO_ON
    clock.now += 36
    assert referee.verdict("short", None) is Verdict.PAUSE


def test_a_late_first_epoch_is_the_last(clock):
    referee = Referee(None, {}, seconds_left=100.0)
    clock.now += 101
    assert referee.verdict("a", None) is Verdict.PAUSE

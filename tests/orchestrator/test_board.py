"""The state of a launch: trials moved on by events, counts, time left, what a search has found."""

import pytest

from orchestrator.board import Board, Event, Goal, TrialLine
from orchestrator.figures import duration, figure


class Clock:
    """Stands for `time.monotonic`; tests move it by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("orchestrator.board.time.monotonic", made)
    return made


def board_of(trials: int = 2, epochs: int = 10, at_once: int = 1) -> Board:
    return Board({f"t{n}": TrialLine(f"label {n}", seed=n, epochs=epochs) for n in range(trials)}, at_once)


def epoch(trial: str, number: int, **metrics: float) -> Event:
    return Event(trial, "epoch", {"epoch": number, **metrics})


def test_trials_wait_run_and_end():
    board = board_of(trials=4)
    board.apply(Event("t0", "started"))
    board.apply(epoch("t1", 1))
    board.apply(Event("t2", "finished", {"epoch": 10}))
    board.apply(Event("t3", "diverged", {"error": "Diverged: …"}))
    assert [line.state for line in board.lines.values()] == ["running", "running", "finished", "diverged"]
    assert (board.count("running"), board.count("failed", "diverged"), board.count("waiting")) == (2, 1, 0)


def test_an_epoch_updates_what_it_measured_and_keeps_the_rest():
    board = board_of()
    board.apply(epoch("t0", 1, train_loss=0.5, val_nme_io=0.08))
    line = board.apply(epoch("t0", 2, train_loss=0.25))
    assert (line.epoch, line.loss, line.metric, line.value) == (2, 0.25, "val_nme_io", 0.08)


def test_nothing_is_said_of_the_time_left_before_the_first_epoch(clock):
    board = board_of()
    assert board.seconds_left() is None
    board.apply(Event("t0", "started"))
    clock.now += 60
    assert board.seconds_left() is None


def test_the_time_left_is_the_epochs_left_at_the_pace_so_far(clock):
    """2 s an epoch; 8 of the first trial's 10 epochs and all 10 of the second are left."""
    board = board_of(trials=2, epochs=10)
    board.apply(Event("t0", "started"))
    for number in (1, 2):
        clock.now += 2
        board.apply(epoch("t0", number))
    assert board.seconds_left() == 36.0


def test_trials_side_by_side_share_the_time_left(clock):
    """2 s an epoch for each of two at once: 4 trials × 10 epochs less the 2 that are done, halved."""
    board = board_of(trials=4, epochs=10, at_once=2)
    for trial in ("t0", "t1"):
        board.apply(Event(trial, "started"))
    clock.now += 2
    for trial in ("t0", "t1"):
        board.apply(epoch(trial, 1))
    assert board.seconds_left() == 38.0


def test_the_last_trial_does_not_get_faster_by_places_that_nobody_fills(clock):
    """9 epochs of 2 s are left, and one trial cannot use eight places."""
    board = board_of(trials=1, epochs=10, at_once=8)
    board.apply(Event("t0", "started"))
    clock.now += 2
    board.apply(epoch("t0", 1))
    assert board.seconds_left() == 18.0


def test_a_trial_that_goes_on_from_its_checkpoint_is_paced_by_what_it_does_now(clock):
    """It began at epoch 6: one epoch in 3 s, 4 are left."""
    board = board_of(trials=1, epochs=10)
    board.apply(Event("t0", "started"))
    clock.now += 3
    board.apply(epoch("t0", 6))
    assert board.seconds_left() == 12.0


def test_a_trial_that_was_started_again_is_paced_by_what_it_does_now(clock):
    """4 epochs before its process died; after that one epoch in 3 s, 5 are left."""
    board = board_of(trials=1, epochs=10)
    board.apply(Event("t0", "started"))
    for number in (1, 2, 3, 4):
        clock.now += 3
        board.apply(epoch("t0", number))
    clock.now += 100
    board.apply(Event("t0", "started"))
    clock.now += 3
    board.apply(epoch("t0", 5))
    assert board.seconds_left() == 15.0


def test_a_finished_trial_tells_how_long_the_next_one_takes(clock):
    """10 epochs in 20 s; the second trial has not begun."""
    board = board_of(trials=2, epochs=10)
    board.apply(Event("t0", "started"))
    for number in range(1, 10):
        clock.now += 2
        board.apply(epoch("t0", number))
    clock.now += 2
    board.apply(Event("t0", "finished", {"epoch": 10}))
    assert board.seconds_left() == 20.0


def test_trials_that_failed_leave_nothing_to_wait_for(clock):
    board = board_of(trials=2, epochs=10)
    for trial in ("t0", "t1"):
        board.apply(Event(trial, "started"))
    clock.now += 2
    board.apply(epoch("t0", 1))
    board.apply(Event("t1", "failed", {"error": "RuntimeError: no"}))
    assert board.seconds_left() == 18.0


def test_the_headline_counts_and_tells_the_time_left(clock):
    board = board_of(trials=3, epochs=10)
    assert board.headline() == "0/3 done, 0 running"
    board.apply(Event("t0", "finished", {"epoch": 10}))
    board.apply(Event("t1", "failed", {"error": "RuntimeError: no"}))
    board.apply(Event("t2", "started"))
    clock.now += 10
    board.apply(epoch("t2", 1))
    assert board.headline() == "1/3 done, 1 running, 1 failed, about 1 min 30 s left"


def test_nothing_is_left_when_everything_has_ended(clock):
    board = board_of(trials=1)
    board.apply(Event("t0", "started"))
    clock.now += 10
    board.apply(Event("t0", "finished", {"epoch": 10}))
    assert board.headline() == "1/1 done, 0 running"


@pytest.mark.parametrize(
    "seconds, words",
    [
        (0, "0 s"),
        (42.9, "42 s"),
        (59, "59 s"),
        (60, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 00 min"),
        (7800, "2 h 10 min"),
        (360000, "100 h 00 min"),
    ],
)
def test_durations_are_for_people(seconds, words):
    assert duration(seconds) == words


def search_of(points: int, expected: int, **goal) -> Board:
    board = Board({}, at_once=1, expected=expected, goal=Goal(**({"metric": "val_nme_io"} | goal)))
    for number in range(points):
        board.add(f"p{number}", TrialLine(f"point {number}", seed=0, epochs=10))
    return board


def trained(board: Board, clock: Clock, trial: str, epochs: int, kind: str = "pruned", **metrics: float) -> None:
    """1 s an epoch."""
    board.apply(Event(trial, "started"))
    for number in range(1, epochs + 1):
        clock.now += 1
        board.apply(epoch(trial, number))
    board.apply(Event(trial, kind, {"epoch": epochs, **metrics}))


def test_the_best_validation_of_a_trial_is_kept_though_later_ones_are_worse():
    board = board_of()
    for number, value in enumerate((0.09, 0.07, 0.08), start=1):
        board.apply(epoch("t0", number, val_nme_io=value))
    assert (board.lines["t0"].value, board.lines["t0"].best) == (0.08, 0.07)


def test_a_trial_that_goes_on_says_after_which_epoch_and_is_paced_from_there(clock):
    """Epoch 4 took 3 s; 6 are left."""
    board = board_of(trials=1)
    line = board.apply(Event("t0", "started", {"epoch": 3}))
    assert (line.state, line.epoch, line.first_epoch) == ("running", 3, 4)
    clock.now += 3
    board.apply(epoch("t0", 4))
    assert board.seconds_left() == 18.0


def test_a_trial_that_is_tried_again_says_why_until_it_starts():
    board = board_of(trials=1)
    board.apply(epoch("t0", 2))
    line = board.apply(Event("t0", "again", {"error": "its process died"}))
    assert (line.words, line.error, line.epoch) == ("tried again", "its process died", 2)
    line = board.apply(Event("t0", "started", {"epoch": 2}))
    assert (line.words, line.error) == ("running", "")


def test_what_is_paused_or_blocked_is_counted_and_not_waited_for(clock):
    """2 s an epoch; 8 epochs of the running trial are left."""
    board = board_of(trials=3)
    board.apply(Event("t0", "started"))
    clock.now += 4
    board.apply(epoch("t0", 1))
    board.apply(epoch("t0", 2))
    board.apply(Event("t1", "paused", {"epoch": 4}))
    board.apply(Event("t2", "blocked"))
    assert board.headline() == "0/3 done, 1 running, 1 paused, 1 blocked, about 16 s left"


def test_points_that_a_search_has_yet_to_ask_for_take_as_long_as_those_that_ended(clock):
    """Of 10 epochs, one point did 2 and one 4 before they were stopped: the other 8 take 3 s each."""
    board = search_of(points=2, expected=10)
    trained(board, clock, "p0", 2)
    trained(board, clock, "p1", 4)
    assert board.seconds_left() == pytest.approx(8 * 3)


def test_a_point_that_outlived_others_is_measured_by_those_that_went_farther(clock):
    """Points ended after 2, 6 and 10 epochs; this one has done 4, and of those beyond the mean is 8: 4 s."""
    board = search_of(points=4, expected=4)
    for trial, epochs in (("p0", 2), ("p1", 6), ("p2", 10)):
        trained(board, clock, trial, epochs)
    board.apply(Event("p3", "started"))
    for number in (1, 2, 3, 4):
        clock.now += 1
        board.apply(epoch("p3", number))
    assert board.seconds_left() == pytest.approx(4.0)


def test_the_longest_running_trial_ends_no_earlier_for_having_company(clock):
    """9 epochs and 1 epoch of 2 s are left, side by side."""
    board = board_of(trials=2, at_once=2)
    for trial, first in (("t0", 0), ("t1", 8)):
        board.apply(Event(trial, "started", {"epoch": first}))
    clock.now += 2
    board.apply(epoch("t0", 1))
    board.apply(epoch("t1", 9))
    assert board.seconds_left() == 18.0


def test_a_search_counts_points_and_names_the_best_of_those_that_finished(clock):
    board = search_of(points=4, expected=60)
    assert board.best_so_far() == ""
    trained(board, clock, "p0", 10, "finished", selected_val_nme_io=0.0712)
    trained(board, clock, "p1", 10, "finished", selected_val_nme_io=0.0612)
    trained(board, clock, "p2", 3, "pruned", selected_val_nme_io=0.01)
    trained(board, clock, "p3", 10, "finished", selected_val_nme_io=0.07)
    assert board.headline().startswith("4 of 60 points, 0 running, 1 stopped early, about ")
    assert board.best_so_far() == "best so far 6.12 % (point 1)"


def test_the_best_of_what_a_search_makes_large_is_the_largest(clock):
    board = search_of(points=2, expected=2, metric="val_auc", minimize=False)
    trained(board, clock, "p0", 10, "finished", selected_val_auc=0.5)
    trained(board, clock, "p1", 10, "finished", selected_val_auc=0.25)
    assert board.best_so_far() == "best so far 0.5000 (point 0)"


@pytest.mark.parametrize(
    "metric, value, words",
    [
        ("val_nme_io", 0.0612, "6.12 %"),
        ("val_picture_l1", 0.01234, "0.0123"),
        ("macs", 152_000_000, "1.52e+08"),
        ("val_nme_io", None, ""),
    ],
)
def test_figures_are_written_as_people_read_them(metric, value, words):
    assert figure(metric, value) == words

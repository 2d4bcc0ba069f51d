"""What a person sees while trials run: counts, time left, lines and tables."""

import io

import pytest
from rich.console import Console

from orchestrator.progress import Board, Event, LiveView, PlainView, TrialLine, duration, view_for


class Clock:
    """Stands for `time.monotonic`; tests move it by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("orchestrator.progress.time.monotonic", made)
    return made


def board_of(trials: int = 2, epochs: int = 10, at_once: int = 1) -> Board:
    return Board({f"t{n}": TrialLine(f"label {n}", seed=n, epochs=epochs) for n in range(trials)}, at_once)


def epoch(trial: str, number: int, **metrics: float) -> Event:
    return Event(trial, "epoch", {"epoch": number, **metrics})


def recorded(width: int = 120, height: int = 40, terminal: bool = True) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, height=height, record=True)


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
    assert (line.epoch, line.loss, line.judged) == (2, 0.25, "val NME 8.00 %")


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


def plain_lines(*events: Event, **board) -> list[str]:
    console = recorded(width=20, terminal=False)
    with PlainView(board_of(**board), console) as view:
        for event in events:
            view.show(event)
    # The time of day comes first.
    return [line[len("12:34:56") :].strip() for line in console.export_text().splitlines()]


def test_each_event_is_one_line_however_narrow_the_log():
    lines = plain_lines(epoch("t0", 3, train_loss=0.012345678, val_nme_io=0.0712), trials=1, epochs=40)
    assert lines == ["label 0, seed 0: epoch 3/40: loss 0.01235, val NME 7.12 %  [0/1 done, 1 running]"]


def test_a_line_tells_how_a_trial_ended_and_why():
    lines = plain_lines(
        Event("t0", "started"),
        Event(
            "t0",
            "finished",
            {"why": "all 10 epochs", "selected_epoch": 7, "selected_val_nme_io": 0.05, "test_nme_io": 0.06},
        ),
        Event("t1", "failed", {"error": "RuntimeError: [red]no[/red]"}),
    )
    assert lines == [
        "label 0, seed 0: started  [0/2 done, 1 running]",
        "label 0, seed 0: finished: all 10 epochs, best epoch 7 with val NME 5.00 %, test NME 6.00 %  "
        "[1/2 done, 0 running]",
        "label 1, seed 1: failed  RuntimeError: [red]no[/red]  [1/2 done, 0 running, 1 failed]",
    ]


def live_text(board: Board, *events: Event, **size: int) -> list[str]:
    console = recorded(**size)
    with LiveView(board, console) as view:
        for event in events:
            view.show(event)
    # It was drawn several times; the last drawing begins with the last headline.
    lines = [line.rstrip() for line in console.export_text().splitlines()]
    last = max(n for n, line in enumerate(lines) if line.startswith(board.headline()))
    return lines[last:]


def test_the_live_table_shows_every_trial_with_its_figures():
    headline, header, *rows = live_text(
        board_of(trials=2), epoch("t0", 3, train_loss=0.5, val_nme_io=0.0712), Event("t1", "started")
    )
    assert headline == "0/2 done, 2 running"
    assert header.split() == ["trial", "state", "epoch", "loss", "validation"]
    assert rows[0].split() == ["label", "0,", "seed", "0", "running", "3/10", "0.50000", "NME", "7.12", "%"]
    assert rows[1].split() == ["label", "1,", "seed", "1", "running", "0/10"]


def test_failed_trials_come_first_and_say_why():
    rows = live_text(board_of(trials=3), Event("t0", "started"), Event("t2", "failed", {"error": "RuntimeError: no"}))
    assert [row.split(",")[0] for row in rows[2:5]] == ["label 2", "label 0", "label 1"]
    assert "failed: RuntimeError: no" in rows[2]


def test_a_low_terminal_shows_as_many_trials_as_it_has_room_for():
    rows = live_text(board_of(trials=30), height=15)
    assert len(rows) <= 15
    assert rows[-1] == "… and 20 more"


def test_a_terminal_gets_the_live_table_and_a_pipe_gets_lines():
    lines = {"t0": TrialLine("label", seed=0, epochs=1)}
    assert isinstance(view_for(lines, 1, recorded(terminal=True)), LiveView)
    assert isinstance(view_for(lines, 1, recorded(terminal=False)), PlainView)

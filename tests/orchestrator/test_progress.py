"""What a person sees while trials run: lines in a log, a table in a terminal."""

import io

import pytest
from rich.console import Console

from orchestrator.board import Board
from orchestrator.live_table import live_table
from orchestrator.progress import Event, Goal, LiveView, NodeUse, PlainView, TrialLine, view_for


def board_of(trials: int = 2, epochs: int = 10, at_once: int = 1) -> Board:
    return Board({f"t{n}": TrialLine(f"label {n}", seed=n, epochs=epochs) for n in range(trials)}, at_once)


def epoch(trial: str, number: int, **metrics: float) -> Event:
    return Event(trial, "epoch", {"epoch": number, **metrics})


def recorded(width: int = 120, height: int = 40, terminal: bool = True) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, height=height, record=True)


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
    assert header.split() == ["trial", "state", "epoch", "loss", "validation", "best"]
    assert rows[0].split() == ["label", "0,", "seed", "0", "running", "3/10", "0.50000", "7.12", "%", "7.12", "%"]
    assert rows[1].split() == ["label", "1,", "seed", "1", "running", "0/10"]


def test_failed_trials_come_first_and_say_why():
    rows = live_text(board_of(trials=3), Event("t0", "started"), Event("t2", "failed", {"error": "RuntimeError: no"}))
    assert [row.split(",")[0] for row in rows[2:5]] == ["label 2", "label 0", "label 1"]
    assert "failed: RuntimeError: no" in rows[2]


@pytest.mark.parametrize("width, height", [(80, 24), (200, 50), (40, 10)])
def test_the_live_table_fits_its_terminal_whatever_there_is_to_show(width, height):
    long = "ResNet18, augmentation off, curriculum from easy to hard over 20 epochs, loss adaptive wing"
    board = Board({f"t{n}": TrialLine(long, seed=n, epochs=400) for n in range(300)}, at_once=8)
    for n in range(100):
        board.apply(Event(f"t{n}", "failed", {"error": "RuntimeError: " + 30 * "shapes differ "}))
    for n in range(100, 108):
        board.apply(epoch(f"t{n}", 3, train_loss=0.5, val_nme_io=0.0712))
    console = recorded(width=width, height=height)
    nodes = [NodeUse(f"node-{n}.somewhere.example.org", 16, n, 4, 1) for n in range(12)]
    console.print(live_table(board, nodes, width, height))
    rows = console.export_text().splitlines()
    assert len(rows) <= height
    assert max(len(row.rstrip()) for row in rows) <= width
    # Each row is one trial, which its seed tells.
    assert sum("failed" in row for row in rows) >= 2
    if width >= 80:
        assert sum("running" in row and "7.12 %" in row for row in rows) == 8


def test_trials_without_room_are_counted_and_the_running_and_failed_ones_named():
    board = board_of(trials=30)
    for n in range(20):
        board.apply(Event(f"t{n}", "failed", {"error": "RuntimeError: no"}))
    rows = live_text(board, height=15)
    assert len(rows) <= 15
    assert rows[-1] == "… and 19 more, 9 failed"


def test_what_ended_last_comes_before_what_ended_first_and_what_waits():
    events = [Event(f"t{n}", kind) for n, kind in enumerate(("finished", "pruned", "finished"))]
    rows = live_text(board_of(trials=4), *events)
    assert [row.split(",")[0] for row in rows[2:6]] == ["label 2", "label 1", "label 0", "label 3"]
    assert "stopped early" in rows[3]


def test_each_node_shows_what_of_it_is_used_and_the_last_ones_share_a_line():
    console = recorded()
    nodes = [NodeUse(f"node-{n}", 16, 8, 4, 1) for n in range(3)]
    console.print(live_table(board_of(), nodes, 120, 12))
    rows = console.export_text().splitlines()
    assert rows[1].split() == ["node-0", "CPU", "█████░░░░░", "8/16", "GPU", "██░░░░░░░░", "1/4"]
    assert rows[2].split() == ["2", "more", "nodes", "CPU", "█████░░░░░", "16/32", "GPU", "██░░░░░░░░", "2/8"]


def test_of_a_node_of_which_only_the_use_is_known_there_is_no_bar():
    console = recorded()
    console.print(live_table(board_of(), [NodeUse("node", 0, 3)], 120, 12))
    assert console.export_text().splitlines()[1].split() == ["node", "CPU", "3"]


def test_a_search_shows_its_best_point_below_its_headline():
    board = Board({"p1": TrialLine("point 1", 0, 10)}, 1, expected=5, goal=Goal("val_nme_io"))
    rows = live_text(board, Event("p1", "finished", {"epoch": 10, "selected_val_nme_io": 0.0612}))
    assert rows[0] == "1 of 5 points, 0 running"
    assert rows[1] == "best so far 6.12 % (point 1)"


def test_what_is_told_stands_above_the_live_table_once():
    console = recorded()
    with LiveView(board_of(), console) as view:
        view.tell("Nothing starts: 4 GPUs are asked for, 2 are there.")
        view.tell("Nothing starts: 4 GPUs are asked for, 2 are there.")
    assert console.export_text().count("Nothing starts") == 1


def test_lines_tell_what_goes_on_what_is_stopped_and_what_is_tried_again():
    lines = plain_lines(
        Event("t0", "started", {"epoch": 3}),
        Event("t0", "again", {"error": "OutOfMemoryError: no room"}),
        Event("t0", "pruned", {"epoch": 4, "val_nme_io": 0.08}),
        Event("t1", "paused", {"epoch": 7}),
    )
    assert [line.partition("  [")[0] for line in lines] == [
        "label 0, seed 0: goes on at epoch 4",
        "label 0, seed 0: tried again  OutOfMemoryError: no room",
        "label 0, seed 0: stopped early at epoch 4/10: val NME 8.00 %",
        "label 1, seed 1: paused at epoch 7/10",
    ]


def test_lines_of_a_search_end_with_its_best_point():
    console = recorded(terminal=False)
    with view_for({}, 1, console, expected=3, goal=Goal("val_nme_io")) as view:
        view.add("p0", TrialLine("default", 0, 10))
        view.show(Event("p0", "finished", {"epoch": 10, "selected_val_nme_io": 0.0612}))
    assert console.export_text().rstrip().endswith("[1 of 3 points, 0 running, best so far 6.12 % (default)]")


def test_a_log_tells_when_the_cluster_grows_and_not_how_much_of_it_is_used():
    console = recorded(terminal=False)
    with PlainView(board_of(), console) as view:
        for used in (1, 3):
            view.nodes([NodeUse("a", 4, used)])
        view.nodes([NodeUse("a", 4, 4), NodeUse("b", 4, 0, 2, 0)])
    (line,) = console.export_text().splitlines()
    assert line.endswith("The cluster has 2 nodes now: 8 CPUs, 2 GPUs.")


def test_a_terminal_gets_the_live_table_and_a_pipe_gets_lines():
    lines = {"t0": TrialLine("label", seed=0, epochs=1)}
    assert isinstance(view_for(lines, 1, recorded(terminal=True)), LiveView)
    assert isinstance(view_for(lines, 1, recorded(terminal=False)), PlainView)

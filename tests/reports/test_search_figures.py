"""Figures of searches are data first; that they draw is seen in both themes."""

import math
import random
from itertools import pairwise

import pytest

from reports import labels, plots, search_words, themes
from reports.drawing import Plane, Planes, Spot
from reports.figures import search_history, search_importance, search_pareto, search_slices
from reports.plot_planes import draw_planes
from reports.query import Results
from reports.search_judged import judged
from tests.reports.searches import NME, OFF, OPERATIONS, Tried, add_search, finished, stopped

MODULES = (search_history, search_importance, search_slices, search_pareto)


def build(module, ledger):
    return module.build(Results(ledger), "search_demo")


def on(width, epochs):
    return {"method.loss.line_width": width, "recipe.curriculum": "on", "recipe.curriculum.num_epochs": epochs}


@pytest.fixture
def four(ledger):
    """The default, a better one, one stopped early, one failed, one at work."""
    points = [finished(0.06), finished(0.05, on(0.1, 4)), stopped(0.09, 0.08, chosen=on(10.0, 20))]
    add_search(ledger, [*points, Tried(state="failed"), Tried(state="running", nme=(0.04,))])
    return ledger


def test_the_history_shows_each_trial_by_its_number_and_the_best_so_far(four):
    figure = build(search_history, four)
    ((plane,),) = figure.data.rows
    assert plane.y_label == "Validation NME io ↓ (%)"
    assert [(spot.x, spot.y, spot.mark, spot.is_minor) for spot in plane.spots] == [
        (0.0, pytest.approx(6.0), "default", False),
        (1.0, pytest.approx(5.0), "best", False),
        (2.0, pytest.approx(8.0), "", True),
        (3.0, None, "", False),
    ]
    assert plane.line == ((0.0, pytest.approx(6.0)), (1.0, pytest.approx(5.0)), (3.0, pytest.approx(5.0)))
    assert "stopped early" in figure.caption
    assert "failed" in figure.caption
    assert figure.trials == ("trial 0", "trial 1", "trial 2", "trial 3")


def test_a_slice_shows_what_was_chosen_where_the_trial_has_the_setting(four):
    ((width, curriculum, epochs),) = build(search_slices, four).data.rows
    assert (width.x_label, curriculum.x_label, epochs.x_label) == ("line_width", "curriculum", "num_epochs")
    assert (width.x_log, epochs.x_log, epochs.x_whole) == (True, False, True)
    assert [spot.x for spot in width.spots] == [1.0, 0.1, 10.0, 1.0]
    assert [(spot.x, spot.y) for spot in epochs.spots] == [(4.0, pytest.approx(5.0)), (20.0, pytest.approx(8.0))]
    assert curriculum.names == ("off", "on")
    assert [round(spot.x) for spot in curriculum.spots] == [0, 1, 1, 0]
    low, high = width.x_limits
    assert low < 0.01
    assert high > 10.0


@pytest.mark.parametrize("values", [(0.06, 0.05), (0.06, 0.012)], ids=["little", "a factor of 5"])
def test_what_is_stopped_far_above_the_finished_ones_stands_at_the_edge(ledger, values):
    highest = 0.06 * max(3, 0.06 / values[1])  # three times the worst, or as far above it as the best is below it
    points = [*map(finished, values), stopped(0.99 * highest), stopped(1.01 * highest), stopped(155_114.0)]
    add_search(ledger, [*points, Tried(state="failed")])
    figure = build(search_history, ledger)
    ((plane,),) = figure.data.rows
    assert [spot.is_far for spot in plane.spots] == [False, False, False, True, True, False]
    assert plane.spots[4].y == pytest.approx(15_511_400.0)
    assert "Triangles at the upper edge are trials far above the finished ones, up to 1.6×10⁷ %." in figure.caption
    assert plane.y_log == (values[1] == 0.012)  # by those that are not at the edge
    for slice_ in build(search_slices, ledger).data.rows[0][:2]:  # the third setting exists in none of these
        assert [spot.is_far for spot in slice_.spots] == [spot.is_far for spot in plane.spots]
        assert slice_.y_log == plane.y_log


@pytest.mark.parametrize(
    ("first", "minimize"), [(stopped(0.06), True), (finished(0.06), False)], ids=["none finished", "larger is better"]
)
def test_nothing_is_far_above_where_no_finished_trial_says_what_is_too_bad(ledger, first, minimize):
    add_search(ledger, [first, stopped(1000.0)], objectives=({**NME, "minimize": minimize},))
    figure = build(search_history, ledger)
    assert not any(spot.is_far for spot in figure.data.rows[0][0].spots)
    assert "far above" not in figure.caption
    assert ("the line is" in figure.caption) == (first.state == "finished")


@pytest.mark.parametrize("highest", [100.0, 4e4, 4e8, 4e16])
def test_beyond_two_decades_only_powers_of_ten_have_ticks(highest):
    (axes,) = drawn_from_one_to(highest, num_panels=1).axes
    low, high = axes.get_ylim()
    shown = [tick for tick in axes.get_yticks() if low <= tick <= high]
    assert len(shown) > 2
    assert any(math.log10(tick) % 1 for tick in shown) == (highest == 100.0)


@pytest.mark.parametrize("highest", [6.0, 100.0, 4e4, 4e8, 4e16])
def test_ticks_of_narrow_panels_do_not_overlap(highest):
    canvas = drawn_from_one_to(highest, num_panels=3)
    boxes = [tick.label1.get_window_extent() for tick in canvas.axes[0].yaxis.get_major_ticks()]
    assert len(boxes) > 1
    assert all(lower.y1 < upper.y0 for lower, upper in pairwise(boxes))


def drawn_from_one_to(highest, num_panels):
    spots = tuple(Spot(x=1.0, y=y, trial="") for y in (1.0, highest))
    planes = tuple(Plane(x_label=str(number), y_label="y", y_log=True, spots=spots) for number in range(num_panels))
    canvas = draw_planes(Planes(rows=(planes,)), themes.LIGHT)
    canvas.draw_without_rendering()
    return canvas


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.001, "0.001"), (50000.0, "50000"), (1e5, "10⁵"), (2e7, "2×10⁷"), (1.6e12, "1.6×10¹²"), (5e-5, "5×10⁻⁵")],
)
def test_numbers_of_an_axis_are_short(value, expected):
    assert labels.short_number(value) == expected


def test_settings_are_called_by_the_end_that_no_other_has():
    paths = ["method.loss.width", "method.width", "recipe.epochs", "width"]
    assert search_words.short_names(paths) == {
        "method.loss.width": "loss.width",
        "method.width": "method.width",
        "recipe.epochs": "epochs",
        "width": "width",
    }


def test_the_front_is_a_line_of_steps_and_is_labelled_by_number(ledger):
    pairs = [(0.06, 3e9), (0.05, 4e9), (0.07, 1e9), (0.08, 2e9), (0.04, 9e9)]
    add_search(ledger, [finished(nme, macs=int(macs)) for nme, macs in pairs], objectives=(NME, OPERATIONS))
    ((plane,),) = build(search_pareto, ledger).data.rows
    assert (plane.x_label, plane.y_label) == ("Validation NME io ↓ (%)", "Operations ↓ (G)")
    assert [value for spot in plane.line for value in spot] == pytest.approx([4, 9, 5, 4, 6, 3, 7, 1])
    assert plane.step == "post"
    assert [(spot.mark, spot.label) for spot in plane.spots] == [
        ("default", "0"), ("front", "1"), ("front", "2"), ("", ""), ("front", "4"),
    ]  # fmt: skip


def test_a_front_steps_down_before_the_better_one_where_larger_is_better(ledger):
    objectives = ({"metric": "val_auc_io_8", "minimize": False}, OPERATIONS)
    add_search(ledger, [Tried(selected=1, columns={"macs": macs}) for macs in (1, 2)], objectives=objectives)
    for trial, value in (("trial 0", 0.2), ("trial 1", 0.3)):
        ledger.add("epochs", trial=trial, epoch=1, metric="val_auc_io_8", value=value)
    ((plane,),) = build(search_pareto, ledger).data.rows
    assert plane.step == "pre"
    assert [x for x, _ in plane.line] == [0.2, 0.3]


def test_three_objectives_have_a_plane_for_each_two_and_no_line(ledger):
    objectives = (NME, OPERATIONS, {"metric": "parameters", "minimize": True})
    add_search(ledger, [finished(0.05, macs=2, parameters=3)], objectives=objectives)
    (planes,) = build(search_pareto, ledger).data.rows
    assert [(plane.x_label.split()[0], plane.y_label.split()[0]) for plane in planes] == [
        ("Validation", "Operations"), ("Validation", "Parameters"), ("Operations", "Parameters"),
    ]  # fmt: skip
    assert not any(plane.line for plane in planes)
    assert len(build(search_history, ledger).data.rows) == 3


def test_one_objective_has_no_front(four):
    assert build(search_pareto, four) is None


def random_points(number, seed=0):
    generator = random.Random(seed)
    widths = [10 ** generator.uniform(-2, 1) for _ in range(number)]
    return [on(width, generator.randint(1, 20)) if generator.random() < 0.5 else
            {**OFF, "method.loss.line_width": width} for width in widths]  # fmt: skip


def test_the_setting_that_decides_the_value_explains_most_of_it(ledger):
    points = random_points(60)
    add_search(
        ledger, [finished(0.05 + 0.01 * abs(math.log10(point["method.loss.line_width"])), point) for point in points]
    )
    figure = build(search_importance, ledger)
    (group,) = figure.data.groups
    shares = dict(group.bars)
    have = sum("recipe.curriculum.num_epochs" in point for point in points)
    assert set(shares) == {"line_width", "curriculum", f"num_epochs (in {have} of 60)"}
    assert shares["line_width"] > 0.6
    assert sum(shares.values()) == pytest.approx(1.0)
    assert "the best 6 of 60 finished trials" in figure.caption


def test_a_setting_that_depends_on_a_choice_counts_by_the_trials_that_have_it(ledger):
    points = random_points(80)
    values = [0.03 + 0.002 * abs(point.get("recipe.curriculum.num_epochs", 30) - 10) for point in points]
    add_search(ledger, [finished(value, point) for value, point in zip(values, points, strict=True)])
    (group,) = build(search_importance, ledger).data.groups
    assert group.bars[0][0].startswith("num_epochs (in ")


def test_what_is_maximised_matters_by_the_same_settings(ledger):
    points = random_points(40)
    values = [0.9 - 0.01 * abs(math.log10(point["method.loss.line_width"])) for point in points]
    objective = {"metric": "val_nme_io", "minimize": False}
    add_search(ledger, [finished(*one) for one in zip(values, points, strict=True)], objectives=(objective,))
    (group,) = build(search_importance, ledger).data.groups
    assert group.bars[0][0] == "line_width"
    assert group.bars[0][1] > 0.6


def test_where_no_epoch_has_ten_trials_a_sentence_stands_for_the_importance(ledger):
    points = [finished(0.05 + number / 1000, on(0.1, 4)) for number in range(9)]
    add_search(ledger, [*points, Tried(state="pruned"), Tried(state="running", nme=(0.2,))])
    (group,) = build(search_importance, ledger).data.groups
    assert group.bars == ()
    assert group.text == "9 trials have finished; it takes 10 to say which settings matter."


def early(ledger):
    """4 finished and 8 stopped trials: 12 have come to epoch 1, 10 to epoch 2, 9 to epoch 3. The width decides the
    values until epoch 2, the choice what comes after; the two that end in epoch 1 are the best ones there."""
    points = []
    for number in range(12):
        width = 0.01 * 1.8**number
        chosen = {**OFF, "method.loss.line_width": width} if number % 2 else on(width, 5)
        first, rest = 0.5 + number / 100, (0.9, 0.1 + number % 2) + (0.2,) * 3
        if number < 4:
            points.append(Tried(chosen=chosen, nme=(0.9, first, *rest), selected=5))
        elif number < 9:
            points.append(stopped(first, 0.9, *rest[: number - 3], chosen=chosen))  # the best of the two is the first
        elif number == 9:
            points.append(stopped(math.nan, first, chosen=chosen))
        else:
            points.append(stopped(0.1, chosen=chosen))
    add_search(ledger, [*points, Tried(state="failed", nme=(0.1, 0.1)), Tried(state="running", nme=(0.1,) * 3)])


def test_where_few_have_finished_trials_are_judged_by_the_last_epoch_to_which_ten_have_come(ledger):
    early(ledger)
    of = judged(Results(ledger).study("search_demo").search, 0)
    assert of.epoch == 2
    assert [point.number for point in of.points] == list(range(10))
    assert of.values == tuple(0.5 + number / 100 for number in range(10))
    figure = build(search_importance, ledger)
    (group,) = figure.data.groups
    assert group.bars[0][0] == "line_width"
    assert group.bars[0][1] > 0.6
    assert any(name == "num_epochs (in 5 of 10)" for name, _ in group.bars)
    assert "the best 5 of 10 trials" in figure.caption
    assert figure.caption.endswith(
        "Judged by the best validation value of the first 2 epochs, of 10 trials, 4 of them finished; what matters "
        "early need not matter at the end."
    )
    assert figure.trials == tuple(f"trial {number}" for number in range(10))


def test_the_best_of_the_first_epochs_is_the_largest_where_larger_is_better(ledger):
    points = [stopped(0.1, 0.3 + number / 100, 0.2) for number in range(10)]
    add_search(ledger, points, objectives=({**NME, "minimize": False},))
    of = judged(Results(ledger).study("search_demo").search, 0)
    assert (of.epoch, of.values) == (3, tuple(0.3 + number / 100 for number in range(10)))
    assert "10 trials, none of them finished" in build(search_importance, ledger).caption


def test_ten_finished_trials_are_judged_by_their_selected_epochs(ledger):
    points = [Tried(nme=(0.01, 0.05 + number / 100), selected=2) for number in range(10)]
    add_search(ledger, [*points, *[stopped(0.001)] * 20])
    of = judged(Results(ledger).study("search_demo").search, 0)
    assert (of.epoch, of.values) == (None, tuple(0.05 + number / 100 for number in range(10)))


def test_objectives_after_the_first_are_not_judged_early(ledger):
    points = [
        Tried(chosen=point, nme=(0.1 + number / 100,), state="pruned", columns={"macs": 1})
        for number, point in enumerate(random_points(10))
    ]
    add_search(ledger, [finished(0.06, macs=1), *points], objectives=(NME, OPERATIONS))
    first, second = build(search_importance, ledger).data.groups
    assert first.bars
    assert second.text == "1 trial has finished; it takes 10 to say which settings matter."


@pytest.mark.parametrize("theme", [themes.LIGHT, themes.DARK], ids=["light", "dark"])
def test_every_figure_of_a_search_draws(ledger, theme):
    points = [finished(0.05 + number / 50, point, macs=number) for number, point in enumerate(random_points(12))]
    add_search(ledger, [*points, Tried(state="failed"), stopped(0.3), stopped(1e5)], objectives=(NME, OPERATIONS))
    for module in MODULES:
        assert plots.png(build(module, ledger), theme, dpi=40).startswith(b"\x89PNG")


def test_a_study_that_is_no_search_has_none_of_these_figures(three_seeds):
    results = three_seeds({"plain": [0.07]})
    for module in MODULES:
        assert module.build(results, "demo") is None
        assert module.build(results, "unknown") is None

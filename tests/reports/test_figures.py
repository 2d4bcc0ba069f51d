"""Figures are data first: numbers are checked, not pixels."""

import math
from copy import deepcopy

import numpy as np
import pytest

from reports import plots
from reports.drawing import Dots, Figure
from reports.figures import ced, loss_curves, predictions
from reports.query import Results


@pytest.fixture
def small(ledger):
    """Two seeds, two epochs, four test images each."""
    for seed, errors in enumerate([[0.02, 0.04, 0.06, 0.20], [0.02, 0.04, 0.08, 0.09]]):
        trial = ledger.declare("demo", "plain", seed, splits=("test",))
        ledger.trial(trial, seed)
        for epoch, value in ((1, 0.4), (2, 0.2)):
            ledger.add("epochs", trial=trial, epoch=epoch, metric="train_loss", value=value)
            ledger.add("epochs", trial=trial, epoch=epoch, metric="val_mse", value=value + 0.1 * seed)
        evaluation = next(row["evaluation"] for row in ledger.rows["studies"] if row["trial"] == trial)
        for place, error in enumerate(errors):
            ledger.add("images", evaluation=evaluation, trial=trial, image=f"{place}.jpg", nme_io=error)
    return Results(ledger)


def test_a_ced_is_the_mean_over_seeds_of_the_share_of_images(small):
    figure = ced.build(small, "demo")
    (line,) = figure.data.lines
    share = dict(zip(np.round(line.x, 6), zip(line.y, line.low, line.high, strict=True), strict=True))
    assert figure.data.x_limits == pytest.approx((0.0, 20.0))  # 95 % of the worst seed's images lie below 20 %
    assert share[5.0] == (0.5, 0.5, 0.5)
    assert share[7.0] == (0.625, 0.5, 0.75)  # 3 of 4 and 2 of 4
    # AUC@8: (6+4+2+0)/4/8 = .375 and (6+4+0+0)/4/8 = .3125; FR@8: 1/4 each, .08 itself is no failure
    assert line.label == "plain: AUC@8 0.344, FR@8 25.00 %"


def test_loss_curves_hold_mean_and_range_over_seeds(small):
    training, validation = loss_curves.build(small, "demo").data.lines
    assert (training.x, training.y, training.dashed) == ((1.0, 2.0), (0.4, 0.2), True)
    assert validation.y == pytest.approx((0.45, 0.25))
    assert (validation.low, validation.high) == ((0.4, 0.2), (0.5, pytest.approx(0.3)))


def test_the_training_mse_is_preferred_to_the_loss(realistic):
    figure = loss_curves.build(Results(realistic), "resnet18_ytf68")
    assert figure.data.y_label == "MSE (squared crop sides)"
    assert figure.data.y_log


def test_a_variant_has_the_same_colour_in_every_figure(realistic):
    results = Results(realistic)
    for figure in (loss_curves.build(results, "resnet18_ytf68"), ced.build(results, "resnet18_ytf68")):
        colours = {line.label.partition(":")[0]: line.series for line in figure.data.lines}
        assert colours == {"plain": 0, "augmented": 1, "colour_jitter only": 2}


def test_predictions_show_the_best_the_median_and_the_worst_in_thumbnail_pixels(realistic):
    grid = predictions.build(Results(realistic), "resnet18_ytf68").data
    assert grid.headings == ("best", "best", "median", "median", "worst", "worst")
    rows = {row["image"]: row for row in realistic.rows["images"] if row["trial"] == grid.rows[0][1][0].trial}
    with_picture = sorted(row["nme_io"] for row in rows.values() if row["thumbnail"])
    shown = [rows[face.image]["nme_io"] for face in grid.rows[0][1]]
    assert shown == [with_picture[place] for place in (0, 1, 11, 12, 22, 23)]
    face = grid.rows[0][1][0]
    # the fixture's crop starts at image px (80, 50) and shows 300 px in 128
    x, y = rows[face.image]["landmarks"][:2]
    assert face.truth[0] == pytest.approx(((x - 80) * 128 / 300, (y - 50) * 128 / 300), abs=1e-3)


def test_without_data_there_is_no_figure(three_seeds):
    results = three_seeds({"plain": [0.07]})
    for module in (ced, loss_curves, predictions):
        assert module.build(results, "demo") is None
        assert module.build(results, "unknown") is None


def test_an_unreadable_picture_and_a_label_full_of_markup_still_draw(realistic):
    figure = predictions.build(Results(realistic), "resnet18_ytf68")
    _, faces = figure.data.rows[0]
    broken = type(faces[0])(**{**vars(faces[0]), "picture": b"no jpeg"})
    grid = type(figure.data)(headings=figure.data.headings, rows=(("$x_{\\alpha$ \x1b[31m", (broken, *faces[1:])),))
    assert plots.png(type(figure)(**{**vars(figure), "data": grid}), dpi=40).startswith(b"\x89PNG")


def test_a_ced_of_errors_beyond_its_usual_axis_still_shows_them():
    assert ced._limit([np.array([0.02, 0.04])]) == 0.10
    assert ced._limit([np.array([0.1, 0.2]), np.array([0.7, 0.9])]) == 0.50
    assert ced._limit([np.array([0.7, 0.9]), np.array([2.0, 3.0, np.inf])]) == pytest.approx(0.90)


def test_faces_with_broken_predictions_are_counted_and_drawn(realistic):
    ledger = deepcopy(realistic)
    worst = max((row for row in ledger.rows["images"] if row["thumbnail"]), key=lambda row: row["nme_io"])
    worst["nme_io"], worst["prediction"] = math.inf, np.full_like(worst["prediction"], math.inf)
    worst["prediction"][:2] = math.nan
    for module in (ced, predictions):
        figure = module.build(Results(ledger), "resnet18_ytf68")
        assert plots.png(figure, dpi=40).startswith(b"\x89PNG")


def test_a_figure_says_which_drawing_its_data_want():
    with pytest.raises(ValueError, match=r"Figure f: draw='dotz' does not draw Dots\. Write draw='dots'\."):
        Figure(name="f", title="", caption="", draw="dotz", data=Dots(x_label="", dots=()))

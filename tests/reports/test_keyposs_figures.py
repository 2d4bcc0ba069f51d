"""Paper 002's figures: numbers are checked, not pixels."""

import numpy as np
import pytest

from reports import keyposs, plots, themes
from reports.figures import decoded_faces, error_by_size, keyposs_anchors
from reports.query import Results

STUDY = keyposs.YTF68.study
DECODERS = (keyposs.ONE_HOT, keyposs.TWO_HOT, keyposs.KEYPOSS)
CROP = [0.5, 0.0, -10.0, 0.0, 0.5, -20.0]  # image px → px of the thumbnail


@pytest.fixture
def read(ledger) -> Results:
    """Unbiased maps of 16×16 and 8×8 read by three decoders. Only KeyPosS on 16×16 keeps pictures, of images 1 to 3."""
    for size, factor in ((16, 1.0), (8, 2.0)):
        for decoder, base in zip(DECODERS, (0.06, 0.04, 0.02), strict=True):
            per_seed = [[factor * (base + 0.01 * image) for image in range(5)] for _ in range(2)]
            per_seed[1] = [value + 0.002 for value in per_seed[1]]
            ledger.read_maps(
                STUDY, f"{size}×{size}, unbiased", decoder, per_seed,
                landmarks=[20.0, 60.0], prediction=[20.0 + 10 * factor, 60.0], crop=CROP,
            )  # fmt: skip
    pictured = [
        row for row in ledger.rows["studies"] if row["label"].startswith("16") and row["decoder"] == DECODERS[2]
    ]
    for row in ledger.rows["images"]:
        if row["evaluation"] in {one["evaluation"] for one in pictured} and row["image"] in ("1.jpg", "2.jpg", "3.jpg"):
            row["thumbnail"] = b"a picture"
    return Results(ledger)


def test_a_line_is_the_mean_over_seeds_by_size_with_one_deviation_on_either_side(read):
    figure = error_by_size.build(read, STUDY)
    lines = {line.label: line for line in figure.data.lines}
    assert set(lines) == {"One-hot", "Two-hot", "KeyPosS 2×2"}
    line = lines["KeyPosS 2×2"]
    assert line.x == (8.0, 16.0)
    # mean of .02 … .06 is .04, doubled on 8×8; the second seed has .002 more: mean + .001, deviation .002/√2
    assert line.y == pytest.approx((8.1, 4.1))
    assert np.subtract(line.high, line.y) == pytest.approx([0.1414, 0.1414], abs=1e-3)
    assert not line.dashed
    assert figure.data.y_log


def test_biased_maps_are_dashed_in_the_colour_of_their_decoder(ledger, read):
    for size in (16, 8):
        ledger.read_maps(STUDY, f"{size}×{size}, biased", keyposs.ONE_HOT, [[0.09]])
    lines = error_by_size.build(Results(ledger), STUDY).data.lines
    of_one_hot = [(line.series, line.dashed) for line in lines if line.label == "One-hot"]
    assert of_one_hot == [(0, False), (0, True)]


def test_maps_of_the_truth_have_no_encoding_and_errors_of_zero_a_straight_axis(ledger):
    for size, error in ((64, 0.0), (32, 0.001)):
        ledger.read_maps("keyposs_1_scattered", f"{size}×{size}", keyposs.KEYPOSS, [[error]])
    figure = error_by_size.build(Results(ledger), "keyposs_1_scattered")
    (line,) = figure.data.lines
    assert (line.x, line.y) == ((32.0, 64.0), pytest.approx((0.1, 0.0)))
    assert (figure.data.y_log, figure.data.key) == (False, ())


def test_studies_of_one_size_or_none_have_no_such_figures(ledger, three_seeds):
    results = three_seeds({"plain": [0.07]})
    ledger.read_maps(STUDY, "8×8, unbiased", keyposs.KEYPOSS, [[0.05]])
    for module in (error_by_size, decoded_faces):
        for study in ("demo", STUDY, "unknown"):
            assert module.build(results, study) is None


def test_the_same_faces_are_shown_at_every_size_by_every_decoder(read):
    grid = decoded_faces.build(read, STUDY).data
    assert grid.headings == ("16×16", "8×8")
    assert [label for label, _ in grid.rows] == [
        f"{rank}: {keyposs.TITLES[decoder]}" for rank in ("best", "median", "worst") for decoder in DECODERS
    ]
    shown = [[face.image for face in faces] for _, faces in grid.rows]
    assert shown == [["1.jpg"] * 2] * 3 + [["2.jpg"] * 2] * 3 + [["3.jpg"] * 2] * 3
    large, small = grid.rows[0][1]
    assert (large.picture, small.picture) == (b"a picture", b"a picture")
    # one-hot, image 1, first seed: .06 + .01 on 16×16, twice that on 8×8
    assert (large.caption, small.caption) == ("7.00 %", "14.00 %")
    assert (large.truth, large.prediction) == (((0.0, 10.0),), ((5.0, 10.0),))
    assert small.prediction == ((10.0, 10.0),)


def test_the_circles_meet_in_the_landmark():
    ranges = keyposs_anchors.ranges_of(keyposs_anchors.LANDMARK)
    assert ranges.anchors == ((3.0, 4.0), (4.0, 4.0), (3.0, 5.0), (4.0, 5.0))
    assert ranges.prediction == pytest.approx(ranges.truth, abs=1e-9)
    # (3, 4) to (3.30, 4.62): √(.09 + .3844)
    assert ranges.distances[0] == pytest.approx(0.688767)
    assert ranges.heatmap[4][3] == pytest.approx(np.exp(-0.4744 / 8))


@pytest.mark.parametrize("theme", [themes.LIGHT, themes.DARK], ids=["light", "dark"])
def test_the_figures_can_be_drawn(read, theme):
    for figure in (error_by_size.build(read, STUDY), decoded_faces.build(read, STUDY), keyposs_anchors.build(read)):
        assert plots.png(figure, theme, dpi=40).startswith(b"\x89PNG")

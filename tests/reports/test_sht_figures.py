"""Paper 003's figures: numbers and the order of pictures are checked, not how they look."""

import json

import cv2
import numpy as np
import pytest
import torch

from reports import plots, sht, themes
from reports.figures import error_by_resolution, gradient_maps, hallucination, transferred_faces
from reports.query import Results
from tests.reports.conftest import draw_face, identity, mean_face
from trainables.losses import pictures

STUDY = sht.YTF68.study
PIXELS = 128
ALL = (hallucination, gradient_maps, transferred_faces, error_by_resolution)
# How a variant shows a face: the side of what it was given and the error of its landmarks.
RESTORING = {"Bicubic": (16, float("nan")), "FHS": (24, float("nan")), "DHLN": (40, 0.08), "SHT": (64, 0.06)}


def true_face(place: int) -> np.ndarray:
    return draw_face(mean_face() * PIXELS, PIXELS, np.random.default_rng(place))


def encoded(picture: np.ndarray, kind: str = ".png") -> bytes:
    return cv2.imencode(kind, picture)[1].tobytes()


def blurred(picture: np.ndarray, side: int) -> np.ndarray:
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (PIXELS, PIXELS), interpolation=cv2.INTER_CUBIC)


def keep_pictures(ledger, label: str, faces: dict[int, bytes], decoder: str = "", **columns) -> None:
    """The first seed's pictures of some faces."""
    trial = identity(identity(STUDY, label), 0)
    evaluation = identity(trial, f"test{decoder}")
    for row in ledger.rows["images"]:
        place = int(row["image"].removesuffix(".jpg"))
        if row["evaluation"] == evaluation and place in faces:
            row |= {"restored": faces[place], "thumbnail": encoded(true_face(place), ".jpg"), **columns}


@pytest.fixture
def ytf68(ledger) -> Results:
    """Four variants restore faces 1 and 3 of six, Hourglass none; two of them transfer; two saw shrunk faces."""
    for label, (side, error) in RESTORING.items():
        ledger.add_seeds(STUDY, label, [[error] * 6] * 2, values=lambda _: {"psnr": 24.0})
        keep_pictures(ledger, label, {place: encoded(blurred(true_face(place), side)) for place in (1, 3)})
    ledger.add_seeds(STUDY, "Hourglass", [[0.09] * 6] * 2, baseline=True)
    ledger.add_seeds(STUDY, "DHLN", [[0.08] * 6] * 2)
    for label in ("SHT", "SHT-v"):
        ledger.add_seeds(STUDY, label, [[0.06] * 6] * 2, decoder=sht.TRANSFER, values=lambda _: {"psnr": 21.5})
        turned = {place: encoded(cv2.rotate(true_face(place), cv2.ROTATE_180)) for place in (1, 3)}
        condition = encoded(cv2.flip(true_face(1), 1))
        keep_pictures(ledger, label, turned, sht.TRANSFER, condition=condition)
    for factor, errors in ((2, (0.10, 0.12)), (8, (0.20, 0.20))):
        ledger.add_seeds(STUDY, "Hourglass", [[one] for one in errors], perturbation=f"down-sampling ×{factor}")
    ledger.add_seeds(STUDY, "DHLN", [[0.10], [0.10]], perturbation="down-sampling ×8")
    for row in ledger.rows["trials"]:
        row["config"] = json.dumps({"method": {"kind": "dhln", "input_size": PIXELS}})
    return Results(ledger)


def test_a_face_stands_in_one_row_by_every_variant_that_restores_it_and_as_it_is(ytf68):
    grid = hallucination.build(ytf68, STUDY).data
    assert grid.headings == ("Bicubic", "FHS", "DHLN", "SHT", "as they are")
    assert [label for label, _ in grid.rows] == ["1.jpg", "3.jpg"]
    for place, (_, faces) in zip((1, 3), grid.rows, strict=True):
        made = [encoded(blurred(true_face(place), side)) for side, _ in RESTORING.values()]
        assert [face.picture for face in faces] == [*made, encoded(true_face(place), ".jpg")]
        assert [face.caption for face in faces] == ["", "", "8.00 %", "6.00 %", ""]


def test_a_face_that_one_variant_does_not_keep_is_not_shown(ledger, ytf68):
    lost = identity(identity(STUDY, "SHT"), 0)
    for row in ledger.rows["images"]:
        if row["trial"] == lost and row["image"] == "1.jpg":
            row["restored"] = None
    assert [label for label, _ in hallucination.build(Results(ledger), STUDY).data.rows] == ["3.jpg"]


def test_a_gradient_map_is_that_of_the_loss_within_the_frame():
    picture = np.random.default_rng(0).random((9, 12, 3))
    of_loss = pictures.gradient_map(torch.from_numpy(picture).permute(2, 0, 1)[None], flat=0.0)
    expected = of_loss[0].mean(dim=0).numpy()
    assert gradient_maps.gradient_map(picture)[1:-1, 1:-1] == pytest.approx(expected[1:-1, 1:-1])
    assert gradient_maps.gradient_map(np.full((4, 4, 3), 0.7)) == pytest.approx(np.zeros((4, 4)))


def test_gradient_maps_have_one_scale_and_a_blurred_face_has_fewer_edges(ytf68):
    grid = gradient_maps.build(ytf68, STUDY).data
    assert grid.headings == ("Bicubic", "FHS", "DHLN", "SHT", "as they are")
    for _, faces in grid.rows:
        maps = [cv2.imdecode(np.frombuffer(face.picture, np.uint8), cv2.IMREAD_GRAYSCALE) for face in faces]
        means = [one.mean() for one in maps]
        assert means == sorted(means)
        assert {face.caption for face in faces} == {""}
    # A hundredth of the true faces' values is white.
    true = [cv2.imdecode(np.frombuffer(faces[-1].picture, np.uint8), cv2.IMREAD_GRAYSCALE) for _, faces in grid.rows]
    assert np.mean(np.stack(true) == 255) == pytest.approx(0.01, abs=0.003)


def test_a_transfer_stands_beside_what_it_starts_from_and_what_it_aims_at(ytf68):
    figure = transferred_faces.build(ytf68, STUDY)
    assert figure.data.headings == ("condition", "target", "SHT", "SHT-v")
    (label, faces), _ = figure.data.rows
    assert label == "1.jpg"
    condition, turned = cv2.flip(true_face(1), 1), cv2.rotate(true_face(1), cv2.ROTATE_180)
    assert [face.picture for face in faces] == [
        encoded(condition), encoded(true_face(1), ".jpg"), encoded(turned), encoded(turned)
    ]  # fmt: skip
    assert figure.caption.endswith("SHT: PSNR 21.50 dB (n=2). SHT-v: PSNR 21.50 dB (n=2).")


def test_error_is_drawn_against_the_side_of_the_shrunk_face(ytf68):
    hourglass, dhln = sorted(error_by_resolution.build(ytf68, STUDY).data.lines, key=lambda line: line.label)[::-1]
    assert (hourglass.label, hourglass.x) == ("Hourglass", (16.0, 64.0, 128.0))
    assert hourglass.y == pytest.approx((20.0, 11.0, 9.0))
    assert np.subtract(hourglass.high, hourglass.y) == pytest.approx((0.0, 1.4142, 0.0), abs=1e-3)  # .02/√2
    assert (dhln.label, dhln.x) == ("DHLN", (16.0, 128.0))
    assert dhln.y == pytest.approx((10.0, 8.0))


def test_a_study_that_restores_nothing_has_none_of_these_figures(three_seeds):
    results = three_seeds({"plain": [0.07]})
    for module in ALL:
        assert module.build(results, "demo") is None
        assert module.build(results, "unknown") is None


def test_restored_faces_without_pictures_transfers_and_shrunk_faces_have_no_figure(ledger):
    ledger.add_seeds(STUDY, "DHLN", [[0.08] * 3], values=lambda _: {"psnr": 24.0, "nme_io": 0.08})
    for module in ALL:
        assert module.build(Results(ledger), STUDY) is None


@pytest.mark.parametrize("theme", [themes.LIGHT, themes.DARK], ids=["light", "dark"])
def test_the_figures_can_be_drawn(ytf68, theme):
    for module in ALL:
        assert plots.png(module.build(ytf68, STUDY), theme, dpi=40).startswith(b"\x89PNG")

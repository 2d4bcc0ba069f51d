"""Measured errors equal the hand computation, in px of the picture, however the crop was stretched."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pyarrow as pa
import pytest
import torch
from torch import Tensor

from trainables.config import config
from trainables.dataset import MISSING, VISIBLE, Dataset, Face
from trainables.evaluation import image_rows, measure
from trainables.methods.mean_shape import MeanShapeModel
from trainables.methods.resnet18 import ResNet18
from trainables.schemes import Scheme
from trainables.transforms.crop import Crop

CPU = torch.device("cpu")
NAN = float("nan")
TRIANGLE = Scheme(
    name="triangle",
    num_landmarks=3,
    flip_pairs=((0, 1),),
    outer_eye_corners=(0, 1),
    pupils=((0,), (1,)),
    parts={"all": (0, 1, 2)},
)
# Boxes of 40 × 20 px become 10 × 10: x shrinks 4 times and y twice.
STRETCHED = Crop(source="dataset", square=False)
# Picture 0: the box begins at (0, 0). Picture 1: at (20, 10), and its last landmark is missing.
TRUTHS = [[[8.0, 8.0], [28.0, 8.0], [20.0, 16.0]], [[28.0, 18.0], [48.0, 18.0], [NAN, NAN]]]
BOXES = [(0.0, 0.0, 40.0, 20.0), (20.0, 10.0, 40.0, 20.0)]
# In crop px; picture px are (4x, 2y) from the corner of the box: (8, 8), (36, 12), (20, 16).
PREDICTED_CROP = [[2.0, 4.0], [9.0, 6.0], [5.0, 8.0]]


@config
class Two(Dataset):
    """`repeat` times the two pictures above, each grey value its number."""

    kind: ClassVar[str] = "two_of_tests"
    SCHEME: ClassVar[Scheme] = TRIANGLE
    repeat: int = 1
    hidden: int = -1  # the landmark that is marked missing though it has coordinates

    def faces(self, data_root: Path) -> list[Face]:
        return [
            Face(
                image=f"picture{number}",
                landmarks=np.array(TRUTHS[number % 2]),
                split="test",
                group=f"person{number % 2}",
                state=np.where(np.arange(3) == self.hidden, MISSING, VISIBLE).astype(np.uint8),
                box=BOXES[number % 2],
                tags=("grey",),
                pixels=np.full((40, 80, 3), 3 * number, dtype=np.uint8),
            )
            for number in range(2 * self.repeat)
        ]

    def sources(self, data_root: Path) -> Sequence[Path]:
        return []

    def digest(self, data_root: Path) -> str:
        return "0" * 16


@pytest.fixture
def two(prepared):
    return prepared(Two(), 10, STRETCHED)


@pytest.fixture
def always() -> MeanShapeModel:
    """The mean-shape network whose mean is PREDICTED_CROP."""
    model = MeanShapeModel(3)
    model.total += torch.tensor(PREDICTED_CROP, dtype=torch.float64)
    model.count += 1
    return model


def test_predictions_are_in_px_of_the_picture(two, always):
    measured = measure(always, two, "test", CPU)
    in_box = np.array([[8.0, 8.0], [36.0, 12.0], [20.0, 16.0]])
    np.testing.assert_allclose(measured.prediction, [in_box, in_box + np.array([20, 10])])


def test_errors_are_those_worked_out_by_hand_and_a_missing_landmark_has_none(two, always):
    measured = measure(always, two, "test", CPU)
    # Only landmark 1 is off, by (8, 4) px of the picture and (2, 2) px of the crop of 10.
    off_px, off_crop = np.sqrt(80), np.sqrt(8) / 10
    np.testing.assert_allclose(measured.errors_px, [[0, off_px, 0], [0, off_px, NAN]], atol=1e-9)
    np.testing.assert_allclose(measured.errors_crop, [[0, off_crop, 0], [0, off_crop, NAN]], atol=1e-9)


def test_a_landmark_that_is_marked_missing_has_no_error_whatever_its_coordinates(prepared, always):
    measured = measure(always, prepared(Two(hidden=1), 10, STRETCHED), "test", CPU)
    np.testing.assert_allclose(measured.errors_px, [[0, NAN, 0], [0, NAN, NAN]], atol=1e-9)
    np.testing.assert_allclose(measured.errors_crop, [[0, NAN, 0], [0, NAN, NAN]], atol=1e-9)


def test_the_summary_is_that_worked_out_by_hand(two, always):
    summary = measure(always, two, "test", CPU).summary()
    # The eye corners are 20 px apart: √80/3/20 and √80/2/20.
    by_hand = (np.sqrt(80) / 60 + np.sqrt(80) / 40) / 2
    assert summary["nme_io"] == (pytest.approx(by_hand), 2)
    assert summary["mse"] == (pytest.approx(2 * 0.08 / 5 / 2), 2)
    assert summary["accuracy_3px"] == (pytest.approx(3 / 5), 2)  # .28 crop sides are 63 px of 224


def test_one_row_a_picture_with_all_that_a_report_needs(two, always):
    table = image_rows(measure(always, two, "test", CPU))
    rows = table.to_pylist()
    assert [row["image"] for row in rows] == ["picture0", "picture1"]
    assert rows[1]["group"] == "person1"
    assert rows[1]["tags"] == ["grey"]
    assert rows[0]["norm_io"] == 20.0
    assert rows[0]["nme_io"] == pytest.approx(np.sqrt(80) / 60)
    assert rows[1]["landmarks"][:4] == [28.0, 18.0, 48.0, 18.0]
    assert np.isnan(rows[1]["landmarks"][4:]).all()
    assert rows[1]["prediction"] == pytest.approx([28, 18, 56, 22, 40, 26])
    assert rows[1]["errors_px"][1] == pytest.approx(np.sqrt(80))
    assert np.isnan(rows[1]["errors_px"][2])
    assert rows[1]["crop"] == pytest.approx([0.25, 0, -5, 0, 0.5, -5])


def test_thumbnails_are_jpegs_of_the_crop_for_the_best_the_middle_and_the_worst(prepared, always):
    faces = prepared(Two(repeat=20), 10, STRETCHED)
    table = image_rows(measure(always, faces, "test", CPU))
    assert table.schema.field("thumbnail").type == pa.binary()
    thumbnails = table["thumbnail"].to_pylist()
    # Even pictures are the 20 better ones: 0 to 6 the best 4, then the middle 4 of all 40, then the last 4.
    assert [number for number, one in enumerate(thumbnails) if one] == [0, 1, 2, 3, 4, 6, 33, 35, 36, 37, 38, 39]
    for number in (4, 39):
        content = thumbnails[number]
        assert content[:3] == b"\xff\xd8\xff"
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape == (10, 10, 3)
        assert abs(picture[3:-3, 3:-3].astype(int) - 3 * number).max() <= 3


def test_measuring_leaves_the_network_in_the_mode_it_was_in(faces):
    model = ResNet18(input_size=32, width=4).build(faces.scheme)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.train()
    measured = measure(model, faces, "test", CPU)
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    model.eval()
    again = measure(model, faces, "test", CPU)
    assert not model.training
    np.testing.assert_array_equal(measured.prediction, again.prediction)


def test_many_batches_give_the_predictions_of_one(faces, monkeypatch):
    model = ResNet18(input_size=32, width=4).build(faces.scheme)
    whole = measure(model, faces, "train", CPU)
    monkeypatch.setattr("trainables.evaluation.BATCH", 3)
    np.testing.assert_allclose(measure(model, faces, "train", CPU).prediction, whole.prediction, atol=1e-4)


def test_a_network_sees_the_crop_without_its_margin_in_0_to_1(two):
    seen: list[Tensor] = []

    class Looking(MeanShapeModel):
        def forward(self, images: Tensor) -> Tensor:
            seen.append(images)
            return super().forward(images)

    measure(Looking(3), two, "test", CPU)
    assert seen[0].shape == (2, 3, 10, 10)
    assert seen[0][1].unique().tolist() == pytest.approx([3 / 255])

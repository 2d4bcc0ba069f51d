"""Measured errors equal the hand computation, in px of the picture, however the crop was stretched."""

from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pyarrow as pa
import pytest
import torch
from torch import Tensor

from tests.trainables.conftest import DrawnTriangles
from tests.trainables.test_batches import Frames
from trainables.codecs.heatmap_model import HeatmapModel
from trainables.codecs.one_hot import OneHot
from trainables.config import config
from trainables.dataset import MISSING, VISIBLE, Face
from trainables.evaluation import image_rows, measure, measure_all
from trainables.method import Batch, Method
from trainables.methods.bicubic import Bicubic
from trainables.methods.dhln import Dhln
from trainables.methods.fptn import Fptn
from trainables.methods.hrnet import Hrnet
from trainables.methods.mean_shape import MeanShapeModel
from trainables.methods.resnet18 import ResNet18
from trainables.methods.truth import Truth
from trainables.pose_transfer import PoseTransfer
from trainables.recipe import Averaging, Pairs, Recipe
from trainables.transforms.crop import Crop, transform
from trainables.transforms.perturb import GaussianNoise, NoisyPixels, Perturbation
from trainables.trial import Evaluation

CPU = torch.device("cpu")
NAN = float("nan")
# Boxes of 40 × 20 px become 10 × 10: x shrinks 4 times and y twice.
STRETCHED = Crop(source="dataset", square=False)
# Picture 0: the box begins at (0, 0). Picture 1: at (20, 10), and its last landmark is missing.
TRUTHS = [[[8.0, 8.0], [28.0, 8.0], [20.0, 16.0]], [[28.0, 18.0], [48.0, 18.0], [NAN, NAN]]]
BOXES = [(0.0, 0.0, 40.0, 20.0), (20.0, 10.0, 40.0, 20.0)]
# In crop px; picture px are (4x, 2y) from the corner of the box: (8, 8), (36, 12), (20, 16).
PREDICTED_CROP = [[2.0, 4.0], [9.0, 6.0], [5.0, 8.0]]


@config
class Two(DrawnTriangles):
    """`repeat` times the two pictures above, each grey value its number."""

    kind: ClassVar[str] = "two_of_tests"
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
                tags=("grey", *(["dark"] if number == 0 else [])),
                pixels=np.full((40, 80, 3), 3 * number, dtype=np.uint8),
            )
            for number in range(2 * self.repeat)
        ]


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
    measured = measure(always, two, Evaluation(), CPU)
    in_box = np.array([[8.0, 8.0], [36.0, 12.0], [20.0, 16.0]])
    np.testing.assert_allclose(measured.prediction, [in_box, in_box + np.array([20, 10])])


def test_errors_are_those_worked_out_by_hand_and_a_missing_landmark_has_none(two, always):
    measured = measure(always, two, Evaluation(), CPU)
    # Only landmark 1 is off, by (8, 4) px of the picture and (2, 2) px of the crop of 10.
    off_px, off_crop = np.sqrt(80), np.sqrt(8) / 10
    np.testing.assert_allclose(measured.errors_px, [[0, off_px, 0], [0, off_px, NAN]], atol=1e-9)
    np.testing.assert_allclose(measured.errors_crop, [[0, off_crop, 0], [0, off_crop, NAN]], atol=1e-9)


def test_a_landmark_that_is_marked_missing_has_no_error_whatever_its_coordinates(prepared, always):
    measured = measure(always, prepared(Two(hidden=1), 10, STRETCHED), Evaluation(), CPU)
    np.testing.assert_allclose(measured.errors_px, [[0, NAN, 0], [0, NAN, NAN]], atol=1e-9)
    np.testing.assert_allclose(measured.errors_crop, [[0, NAN, 0], [0, NAN, NAN]], atol=1e-9)


def test_the_summary_is_that_worked_out_by_hand(two, always):
    summary = measure(always, two, Evaluation(), CPU).summary()
    # The eye corners are 20 px apart: √80/3/20 and √80/2/20.
    by_hand = (np.sqrt(80) / 60 + np.sqrt(80) / 40) / 2
    assert summary["nme_io"] == (pytest.approx(by_hand), 2)
    assert summary["mse"] == (pytest.approx(2 * 0.08 / 5 / 2), 2)
    assert summary["accuracy_3px"] == (pytest.approx(3 / 5), 2)  # .28 crop sides are 63 px of 224


def test_each_tag_has_a_summary_of_its_own_faces(two, always):
    measured = measure(always, two, Evaluation(), CPU)
    summaries = measured.summaries()
    assert list(summaries) == ["all", "dark", "grey"]
    assert summaries["all"] == summaries["grey"] == measured.summary()
    assert summaries["dark"]["nme_io"] == (pytest.approx(np.sqrt(80) / 60), 1)  # the first picture alone


def test_a_subset_has_every_metric_of_the_whole(two, always):
    summaries = measure(always, two, Evaluation(), CPU).summaries()
    assert set(summaries["dark"]) == set(summaries["all"])
    assert "nme_dataset_box" in summaries["dark"]


def test_one_row_a_picture_with_all_that_a_report_needs(two, always):
    table = image_rows(measure(always, two, Evaluation(), CPU))
    rows = table.to_pylist()
    assert [row["image"] for row in rows] == ["picture0", "picture1"]
    assert rows[1]["group"] == "person1"
    assert [row["tags"] for row in rows] == [["grey", "dark"], ["grey"]]
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
    table = image_rows(measure(always, faces, Evaluation(), CPU))
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
    measured = measure(model, faces, Evaluation(), CPU)
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    model.eval()
    again = measure(model, faces, Evaluation(), CPU)
    assert not model.training
    np.testing.assert_array_equal(measured.prediction, again.prediction)


def test_many_batches_give_the_predictions_of_one(faces, monkeypatch):
    model = ResNet18(input_size=32, width=4).build(faces.scheme)
    whole = measure(model, faces, Evaluation(split="train"), CPU)
    monkeypatch.setattr("trainables.evaluation.BATCH", 3)
    np.testing.assert_allclose(
        measure(model, faces, Evaluation(split="train"), CPU).prediction, whole.prediction, atol=1e-4
    )


class Looking(MeanShapeModel):
    """Remembers what it saw."""

    def __init__(self, num_landmarks: int) -> None:
        super().__init__(num_landmarks)
        self.seen: list[Tensor] = []

    def forward(self, images: Tensor) -> Tensor:
        self.seen.append(images)
        return super().forward(images)


def seen_of(faces, perturbation: Perturbation | None = None) -> Tensor:
    model = Looking(3)
    measure(model, faces, Evaluation(perturbation=perturbation), CPU)
    return torch.cat(model.seen)


def test_a_network_sees_the_crop_without_its_margin_in_0_to_1(two):
    seen = seen_of(two)
    assert seen.shape == (2, 3, 10, 10)
    assert seen[1].unique().tolist() == pytest.approx([3 / 255])


def test_a_perturbed_network_sees_the_crop_perturbed(two):
    seen = seen_of(two, NoisyPixels(share=0.5))
    kept = (seen[1] == 3 / 255).all(dim=0).float().mean()
    assert 0.3 < kept < 0.7


def test_a_face_is_perturbed_alike_whatever_stands_beside_it(two, prepared, monkeypatch):
    """By its name, not by its row or its batch."""
    noise = GaussianNoise(sigma=0.3)
    together = seen_of(two, noise)
    among_others = seen_of(prepared(Two(repeat=3), 10, STRETCHED), noise)
    torch.testing.assert_close(among_others[:2], together, rtol=0, atol=0)
    assert not torch.equal(among_others[2:4], together)  # the same crops under other names
    monkeypatch.setattr("trainables.evaluation.BATCH", 1)
    torch.testing.assert_close(seen_of(two, noise), together, rtol=0, atol=0)


def test_a_thumbnail_shows_the_perturbed_crop(two, always):
    rows = image_rows(measure(always, two, Evaluation(perturbation=GaussianNoise(sigma=0.3)), CPU))[
        "thumbnail"
    ].to_pylist()
    pictures = [cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) for content in rows]
    assert all(picture.std() > 20 for picture in pictures)
    plain = image_rows(measure(always, two, Evaluation(), CPU))["thumbnail"].to_pylist()
    assert cv2.imdecode(np.frombuffer(plain[0], np.uint8), cv2.IMREAD_COLOR).std() < 1


@pytest.fixture
def heatmaps(faces) -> HeatmapModel:
    """A small heatmap network with random weights."""
    torch.manual_seed(0)
    return Hrnet(input_size=32, width=4, modules=(1, 1, 1)).build(faces.scheme)


def test_any_decoder_reads_the_heatmaps_of_a_network(faces, heatmaps):
    own = measure(heatmaps, faces, Evaluation(), CPU).prediction
    assert np.array_equal(measure(heatmaps, faces, Evaluation(decoder=heatmaps.decoder), CPU).prediction, own)
    # One-hot positions are whole cells of 4 px.
    coarse = measure(heatmaps, faces, Evaluation(decoder=OneHot()), CPU)
    in_crop = transform(coarse.prediction, faces.crop_maps[coarse.rows])
    np.testing.assert_allclose(in_crop / 4, np.round(in_crop / 4), atol=1e-5)


def test_a_flip_test_averages_with_the_mirrored_picture(faces, heatmaps):
    tested = measure(heatmaps, faces, Evaluation(decoder=OneHot(), flip_test="none"), CPU)
    heatmaps.eval()
    inner = slice(faces.pad, faces.pad + 32)
    images = faces.crops(tested.rows)[:, inner, inner].permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        there, back = heatmaps(images), heatmaps(images.flip(-1)).flip(-1)[:, list(faces.scheme.flip_permutation)]
    expected = OneHot().decode((there + back) / 2)[0] * 4
    np.testing.assert_allclose(transform(tested.prediction, faces.crop_maps[tested.rows]), expected, atol=1e-4)


def test_the_truth_has_no_flip_test(faces):
    with pytest.raises(ValueError, match="without flip_test"):
        measure(Truth(input_size=32).build(faces.scheme), faces, Evaluation(flip_test="one"), CPU)


def test_a_network_sees_the_pictures_once_for_all_its_decoders(faces, heatmaps):
    plain, coarse = Evaluation(), Evaluation(decoder=OneHot())
    evaluations = [plain, coarse, Evaluation(flip_test="one"), Evaluation(flip_test="none")]
    alone = [measure(heatmaps, faces, evaluation, CPU).prediction for evaluation in evaluations]
    seen = []
    heatmaps.register_forward_hook(lambda *_: seen.append(1))
    together = measure_all(heatmaps, faces, evaluations, CPU)
    assert len(seen) == 2  # the pictures, and their mirror images
    assert [measured.evaluation for measured in together] == evaluations
    for measured, expected in zip(together, alone, strict=True):
        np.testing.assert_array_equal(measured.prediction, expected)


def test_a_decoder_for_a_network_without_heatmaps_is_an_error(two, always):
    with pytest.raises(ValueError, match="one-hot needs heatmaps, and MeanShapeModel has none"):
        measure(always, two, Evaluation(decoder=OneHot()), CPU)


TRANSFER = PoseTransfer(width=4, blocks=1)
OF_PICTURES = {"psnr", "ssim", "ssim_dic", "picture_l1"}


@pytest.mark.parametrize(
    ("method", "evaluation"),
    [
        (Bicubic(input_size=64, low=8), Evaluation()),
        (Dhln(streams="face", input_size=64, low=8, width=16, face_width=8, blocks=1), Evaluation()),
        (Fptn(input_size=64, transfer=TRANSFER), Evaluation(pairs=Pairs())),
    ],
    ids=["bicubic", "faces", "fptn"],
)
def test_what_finds_no_landmarks_has_metrics_of_its_pictures_alone(method: Method, evaluation, prepared, rendered):
    faces = prepared(rendered, 64)
    torch.manual_seed(0)
    measured = measure(method.build(faces.scheme), faces, evaluation, CPU)
    assert measured.summary().keys() == OF_PICTURES
    assert all(np.isfinite(value) and images == 4 for value, images in measured.summary().values())
    summaries = measured.summaries()
    assert summaries.keys() > {"all"}
    assert all(found.keys() == OF_PICTURES for found in summaries.values())
    for row in image_rows(measured).to_pylist():
        assert np.isnan([row["nme_io"], *row["errors_px"], *row["errors_crop"], *row["prediction"]]).all()
        assert np.isfinite(row["landmarks"]).all()


def test_a_network_of_landmarks_that_gives_no_numbers_is_infinitely_wrong(two, always):
    always.total += NAN
    measured = measure(always, two, Evaluation(), CPU)
    for errors in (measured.errors_px, measured.errors_crop):
        np.testing.assert_array_equal(errors, [[np.inf] * 3, [np.inf, np.inf, NAN]])
    assert measured.summary()["nme_io"] == (np.inf, 2)


class Moving(MeanShapeModel):
    """Transfers without a mistake, and remembers the views that it was shown."""

    def __init__(self, num_landmarks: int) -> None:
        super().__init__(num_landmarks)
        self.shown: list[Batch] = []

    def transferred(self, shown: Batch) -> Tensor:
        self.shown.append(shown)
        return shown.images


@pytest.mark.parametrize("source", ["image", "video"])
def test_second_views_are_the_same_for_every_network_and_in_batches_of_any_size(source, prepared, monkeypatch):
    faces = prepared(Frames(), 32, Crop(source="dataset"))
    evaluation, model = Evaluation(split="train", pairs=Pairs(source=source)), Moving(3)
    measured = measure(model, faces, evaluation, CPU)
    (whole,) = model.shown
    assert whole.second_view is not None
    assert whole.second_landmarks is not None
    in_eight_bits = whole.second_view.mul(255).round().byte().permute(0, 2, 3, 1).numpy()
    network = Fptn(input_size=32, transfer=TRANSFER).build(faces.scheme)
    for conditions in (measured.pictures.conditions, measure(network, faces, evaluation, CPU).pictures.conditions):
        assert conditions
        assert all(np.array_equal(view, in_eight_bits[position]) for position, view in conditions.items())
    model.shown.clear()
    monkeypatch.setattr("trainables.evaluation.PAIRS", 4)
    measure(model, faces, evaluation, CPU)
    assert [len(part.images) for part in model.shown] == [4, 4, 4, 2]
    for name in ("images", "landmarks", "second_view", "second_landmarks"):
        parts = torch.cat([getattr(part, name) for part in model.shown])
        torch.testing.assert_close(parts, getattr(whole, name), rtol=0, atol=1e-6, equal_nan=True)


def test_a_transfer_is_judged_by_the_face_in_the_pose_of_its_first_view(faces):
    model = Moving(68)
    measured = measure(model, faces, Evaluation(pairs=Pairs()), CPU)
    assert measured.summary()["picture_l1"] == (0, 4)
    (shown,) = model.shown
    assert torch.equal(shown.images, faces.inputs(faces.rows["test"], CPU))
    assert shown.second_view is not None
    assert (shown.second_view - shown.images).abs().mean() > 0.01


def test_an_evaluation_fits_a_method_that_gives_what_it_judges():
    landmarks, moving = Dhln(), Dhln(transfer=PoseTransfer())
    transfers, last, decoded = Evaluation(pairs=Pairs()), Evaluation(weights="last"), Evaluation(decoder=OneHot())
    plain, averaged = Recipe(), Recipe(averaging=Averaging(from_epoch=2))
    faces_alone = Dhln(streams="face")

    def fitted(evaluation: Evaluation, *methods: Method) -> list[bool]:
        return [evaluation.fits(method, plain) for method in methods]

    assert fitted(transfers, moving, Fptn(), landmarks, faces_alone, ResNet18()) == [True, True, False, False, False]
    assert fitted(decoded, moving, landmarks, faces_alone, Fptn(), ResNet18()) == [True, True, False, False, False]
    assert fitted(Evaluation(flip_test="one"), landmarks, faces_alone) == [True, False]
    assert [last.fits(landmarks, recipe) for recipe in (plain, averaged)] == [False, True]
    assert fitted(Evaluation(), moving, faces_alone, ResNet18()) == [True, True, True]

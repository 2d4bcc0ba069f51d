"""A few made pictures of a split are kept whole: of the same faces for every network, without loss."""

from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainables.conftest import DrawnTriangles
from tests.trainables.small_trials import CPU
from trainables.config import config
from trainables.dataset import Face
from trainables.evaluation import image_rows, measure
from trainables.image_metrics import picture_quality
from trainables.made_pictures import SHOWN, MadePictures, png
from trainables.method import Method
from trainables.methods.bicubic import Bicubic
from trainables.methods.dhln import Dhln
from trainables.methods.fptn import Fptn
from trainables.methods.mean_shape import MeanShape
from trainables.pose_transfer import PoseTransfer
from trainables.recipe import Pairs
from trainables.transforms.crop import Crop
from trainables.trial import Evaluation

SIZE = 32
BICUBIC = Bicubic(input_size=SIZE, low=8)
FACES_ALONE = Dhln(streams="face", input_size=SIZE, low=8, width=16, face_width=8, blocks=1)
FPTN = Fptn(input_size=SIZE, transfer=PoseTransfer(width=4, blocks=1))


@config
class Noise(DrawnTriangles):
    """Faces to test on whose pictures are noise."""

    kind: ClassVar[str] = "noise_of_tests"
    number: int = 40

    def faces(self, data_root: Path) -> list[Face]:
        rng = np.random.default_rng(0)
        return [
            Face(
                image=f"{number}",
                landmarks=np.array([[8.0, 8], [24, 8], [16, 24]]),
                split="test",
                group=f"{number}",
                box=(0.0, 0.0, 32.0, 32.0),
                pixels=rng.integers(0, 256, (32, 32, 3), dtype=np.uint8),
            )
            for number in range(self.number)
        ]


@pytest.fixture(scope="module")
def forty(prepared):
    return prepared(Noise(), SIZE, Crop(source="dataset"))


def rows_of(method: Method, faces, evaluation: Evaluation | None = None) -> list[dict]:
    torch.manual_seed(0)
    return image_rows(measure(method.build(faces.scheme), faces, evaluation or Evaluation(), CPU)).to_pylist()


def places_of(rows: list[dict], column: str) -> list[int]:
    return [place for place, row in enumerate(rows) if row[column] is not None]


def decoded(content: bytes) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


@settings(deadline=None)
@given(st.integers(1, 3000))
def test_the_kept_faces_are_the_first_the_last_and_some_evenly_between_and_of_a_few_faces_all(faces):
    shown = MadePictures(faces).shown
    assert len(shown) == min(faces, SHOWN)
    assert (shown[0], shown[-1]) == (0, faces - 1)
    gaps = np.diff(shown)
    assert not len(gaps) or gaps.min() >= max(1, gaps.max() - 1)


def test_what_is_kept_and_measured_depends_on_no_boundary_of_batches():
    made, truth, views = torch.rand(3, 9, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    whole, parted = MadePictures(9), MadePictures(9)
    whole.add(0, made, truth, views)
    for part in (slice(0, 4), slice(4, 5), slice(5, 9)):
        parted.add(part.start, made[part], truth[part], views[part])
    assert list(whole.made) == list(whole.conditions) == whole.shown
    for ours, others, pictures in ((whole.made, parted.made, made), (whole.conditions, parted.conditions, views)):
        assert ours.keys() == others.keys()
        for position, picture in ours.items():
            assert np.array_equal(picture, others[position])
            assert np.array_equal(picture, pictures[position].mul(255).round().permute(1, 2, 0).numpy())
    first = picture_quality(*(each[0].permute(1, 2, 0).double().numpy() for each in (made, truth)))
    assert {name: values[0] for name, values in whole.quality.items()} == first
    for name, values in whole.quality.items():
        assert values.shape == (9,)
        assert np.array_equal(values, parted.quality[name])


def test_a_value_outside_the_range_is_kept_as_the_nearest_colour():
    kept = MadePictures(1)
    picture = torch.full((1, 3, SIZE, SIZE), 0.5)
    picture[0, :, 0, 0] = torch.tensor([-0.2, 1.3, 0.001])
    kept.add(0, picture, picture, None)
    assert kept.made[0][0, 0].tolist() == [0, 255, 0]
    assert not kept.conditions


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.integers(1, 40), st.integers(1, 40))
def test_a_png_gives_back_the_very_picture(seed, height, width):
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert np.array_equal(decoded(png(picture)), picture)


def test_pictures_of_the_same_faces_are_kept_for_every_network_and_all_have_a_thumbnail(forty):
    restored, others = rows_of(BICUBIC, forty), rows_of(FACES_ALONE, forty)
    transferred = rows_of(FPTN, forty, Evaluation(pairs=Pairs()))
    places = [0, 8, 16, 23, 31, 39]
    for rows in (restored, others, transferred):
        assert places_of(rows, "restored") == places
        assert set(places) < set(places_of(rows, "thumbnail"))
    assert places_of(restored, "condition") == places_of(others, "condition") == []
    assert places_of(transferred, "condition") == places
    assert all(restored[place]["restored"] != others[place]["restored"] for place in places)


def test_what_is_kept_of_a_face_is_what_the_network_made_of_it(forty):
    rows, images = rows_of(BICUBIC, forty), forty.inputs(forty.rows["test"], CPU)
    for place in (8, 39):
        made = BICUBIC.build(forty.scheme)(images[place : place + 1])[0]
        assert np.array_equal(decoded(rows[place]["restored"]), made.mul(255).round().permute(1, 2, 0).numpy())


def test_of_a_split_with_fewer_faces_all_pictures_are_kept(prepared):
    faces = prepared(Noise(number=SHOWN - 2), SIZE, Crop(source="dataset"))
    assert places_of(rows_of(BICUBIC, faces), "restored") == list(range(SHOWN - 2))


def test_nothing_is_kept_of_a_network_that_makes_no_pictures(forty):
    rows = rows_of(MeanShape(input_size=SIZE), forty)
    assert places_of(rows, "restored") == places_of(rows, "condition") == []

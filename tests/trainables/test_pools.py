"""Unlabelled faces join every batch, all of them equally often; what they and their trial must be is checked first."""

import dataclasses
import math
from itertools import chain
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tests.trainables.conftest import DrawnTriangles
from tests.trainables.small_trials import CPU, SIZE, Rival, RivalModel, trial_of
from tests.trainables.test_batches import Frames
from tests.trainables.test_every_method import SCHEMES, batch_of, built, methods, trained_on
from trainables.batches import Pool, load_batch, part_of_batch, shares_of_batch, shown_in, shown_of_pool
from trainables.config import config
from trainables.dataset import UNLABELLED, DataError, Face
from trainables.datasets.synthetic import Synthetic
from trainables.faces import Faces
from trainables.method import Batch, LandmarkModel, Update
from trainables.methods.dhln import Dhln
from trainables.methods.fptn import Fptn
from trainables.placement import Placement
from trainables.pose_transfer import PoseTransfer
from trainables.recipe import PICTURES, Pairs
from trainables.schemes import Scheme
from trainables.trainable_faces import check_faces
from trainables.training import train
from trainables.transforms.crop import Crop
from trainables.trial import Trial

BOXED = Crop(source="dataset")
OTHERS = Synthetic(train=3, val=1, test=1, size=64, landmarks="98", seed=1)


@config
class Unseen(DrawnTriangles):
    """Frames without landmarks of two videos, and one of a single frame; the greys tell them apart."""

    kind: ClassVar[str] = "unseen_of_tests"
    of_videos: bool = True

    def faces(self, data_root: Path) -> list[Face]:
        return [
            Face(
                image=f"{number}",
                landmarks=np.full((3, 2), math.nan),
                split=UNLABELLED,
                group=f"{number}",
                video=video if self.of_videos else "",
                box=(0.0, 0.0, 63.0, 63.0),
                pixels=np.full((64, 64, 3), 10 * (number + 1), dtype=np.uint8),
            )
            for number, video in enumerate(["long"] * 5 + ["short"] * 3 + ["single"])
        ]


@pytest.fixture(scope="module")
def others(prepared) -> Faces:
    """6 training faces in a scheme of 98 landmarks, none of them unlabelled."""
    return prepared(OTHERS, SIZE)


def with_pool(data, pool, unlabelled: int = 3, **recipe) -> Trial:
    plain = trial_of(data, Rival(), **recipe)
    return dataclasses.replace(plain, recipe=dataclasses.replace(plain.recipe, unlabelled=unlabelled), unlabelled=pool)


def without_pool(trial: Trial) -> Trial:
    return dataclasses.replace(trial, unlabelled=None, recipe=dataclasses.replace(trial.recipe, unlabelled=0))


def joined(trial: Trial, faces: Faces, of_pool: Faces, epoch: int, rank: int = 0, world: int = 1) -> list[Batch]:
    """What a worker sees in an epoch."""
    shares = shares_of_batch(len(faces.rows["train"]), trial.recipe.batch_size, rank, world)
    pool = Pool(of_pool, shown_of_pool(trial, of_pool, epoch, len(shares)))
    part, shown = part_of_batch(trial.recipe.unlabelled, rank, world), shown_in(trial, faces, epoch)
    return [load_batch(trial, faces, shown, start, share, CPU, pool, part) for start, share in shares]


def with_unlabelled(faces: Faces, rows) -> Faces:
    return dataclasses.replace(faces, rows=faces.rows | {UNLABELLED: np.array(rows, dtype=np.int64)})


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 9), st.integers(1, 6), st.integers(0, 3))
def test_every_face_of_a_pool_is_shown_once_before_any_is_shown_again_across_epochs(
    faces, rendered, size, unlabelled, batches, epochs, seed
):
    trial = dataclasses.replace(with_pool(rendered, OTHERS, unlabelled), seed=seed)
    pool = with_unlabelled(faces, 100 + np.arange(size))
    by_epoch = [shown_of_pool(trial, pool, epoch, batches).rows.tolist() for epoch in range(1, epochs + 1)]
    assert {len(rows) for rows in by_epoch} == {batches * unlabelled}
    shown = list(chain.from_iterable(by_epoch))
    for start in range(0, len(shown), size):
        time = shown[start : start + size]
        assert len(set(time)) == len(time)
        assert set(time) <= set(pool.pool.tolist())


def test_the_order_of_a_pool_follows_from_the_seed_and_is_another_one_each_time(faces, rendered):
    trial, pool = with_pool(rendered, OTHERS, unlabelled=10), with_unlabelled(faces, range(20))
    first, second = (shown_of_pool(trial, pool, epoch, 2).rows.tolist() for epoch in (1, 2))
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second
    assert shown_of_pool(trial, pool, 1, 2).rows.tolist() == first
    assert shown_of_pool(dataclasses.replace(trial, seed=2), pool, 1, 2).rows.tolist() != first


def test_a_pool_is_the_unlabelled_faces_and_where_there_are_none_the_training_faces(prepared, others, faces):
    assert prepared(Unseen(), SIZE, BOXED).pool.tolist() == list(range(9))
    assert others.pool.tolist() == others.rows["train"].tolist()
    assert with_unlabelled(faces, [2, 5]).pool.tolist() == [2, 5]


@pytest.mark.parametrize("pairs", [None, Pairs()], ids=["single", "pairs"])
def test_labelled_faces_are_what_they_are_without_a_pool_and_those_of_the_pool_stand_behind_without_landmarks(
    pairs, faces, rendered, others
):
    trial = with_pool(rendered, OTHERS, pairs=pairs)
    plain, shown = without_pool(trial), shown_in(trial, faces, 2)
    for batch, start in zip(joined(trial, faces, others, 2), (0, 4), strict=True):
        alone = load_batch(plain, faces, shown, start, slice(0, 4), CPU)
        for field in dataclasses.fields(Batch):
            one, other = getattr(batch, field.name), getattr(alone, field.name)
            if other is None:
                assert one is None
            else:
                torch.testing.assert_close(one[:4], other, rtol=0, atol=0, equal_nan=True)
        assert [len(batch.images), *batch.landmarks.shape] == [7, 7, 68, 2]
        assert batch.landmarks[4:].isnan().all()
        assert not batch.present[4:].any()
        assert not batch.visible[4:].any()
        assert not batch.weight[4:].any()
        if pairs is not None:
            assert batch.second_view is not None
            assert batch.second_landmarks is not None
            assert batch.second_view.shape == batch.images.shape
            assert batch.second_landmarks[4:].isnan().all()
            assert not torch.equal(batch.second_view[4:], batch.images[4:])


def test_each_batch_takes_the_next_faces_of_its_epochs_order(faces, rendered, others):
    trial = with_pool(rendered, OTHERS, augmentation=None)
    rows = shown_of_pool(trial, others, 2, 2).rows
    for number, batch in enumerate(joined(trial, faces, others, 2)):
        assert torch.equal(batch.images[4:], others.inputs(rows[3 * number : 3 * number + 3], CPU))


def test_unlabelled_faces_are_augmented_unlike_the_labelled_ones_beside_them(faces, rendered):
    """The same faces as labelled ones and as a pool, in the same order, look otherwise."""
    trial = with_pool(rendered, rendered, unlabelled=4)
    labelled = shown_in(trial, faces, 1)
    batch = load_batch(trial, faces, labelled, 0, slice(0, 4), CPU, Pool(faces, labelled), slice(0, 4))
    ours, pools = batch.images.chunk(2)
    assert all(not torch.equal(one, other) for one, other in zip(ours, pools, strict=True))


def test_the_faces_of_a_pool_that_two_workers_see_are_those_of_one_worker(faces, rendered, others):
    trial = with_pool(rendered, OTHERS, unlabelled=2, pairs=Pairs())
    by_rank = [joined(trial, faces, others, 3, rank, 2) for rank in range(2)]
    for position, whole in enumerate(joined(trial, faces, others, 3)):
        parts = [batches[position] for batches in by_rank]
        assert [len(part.images) for part in parts] == [3, 3]
        for name in ("images", "second_view", "landmarks", "second_landmarks", "weight"):
            each = [getattr(part, name) for part in parts]
            together = torch.cat([*(one[:2] for one in each), *(one[2:] for one in each)])
            torch.testing.assert_close(together, getattr(whole, name), atol=1e-5, rtol=0, equal_nan=True)


def test_a_frame_of_a_pool_is_paired_within_its_video_and_a_face_of_no_video_with_itself(prepared):
    data, pool = Frames(of_videos=False), Unseen()
    labelled, unseen = prepared(data, SIZE, BOXED), prepared(pool, SIZE, BOXED)
    trial = with_pool(data, pool, unlabelled=4, batch_size=14, augmentation=None, pairs=Pairs(source="video"))
    check_faces(trial, labelled, unseen, workers=1)
    partners: dict[int, set[int]] = {number: set() for number in range(9)}
    for epoch in range(1, 100):
        (batch,) = joined(trial, labelled, unseen, epoch)
        assert batch.second_view is not None
        one, other = ((views[:, 0, 16, 16] * 255 / 10).round().int() - 1 for views in (batch.images, batch.second_view))
        assert torch.equal(one[:14], other[:14])
        for number, partner in zip(one[14:].tolist(), other[14:].tolist(), strict=True):
            partners[number].add(partner)
    videos = [set(range(5))] * 5 + [{5, 6, 7}] * 3
    assert partners == {number: video - {number} for number, video in enumerate(videos)} | {8: {8}}


@config
class Weighed(Rival):
    """A network without dropout whose loss is the mean over the landmarks' weights."""

    kind: ClassVar[str] = "weighed_of_tests"

    def build(self, scheme: Scheme) -> RivalModel:
        return WeighedModel(scheme.num_landmarks)


class WeighedModel(RivalModel):
    def __init__(self, num_landmarks: int) -> None:
        super().__init__(num_landmarks)
        self.trunk[-1] = nn.Identity()

    def losses(self, output: Tensor, batch: Batch) -> dict[str, Tensor]:
        squares = (output - batch.landmarks.nan_to_num() / SIZE).square().sum(dim=-1)
        return {"near": (batch.weight * squares).sum() / batch.weight.sum()}

    def updates(self) -> list[Update]:
        return LandmarkModel.updates(self)


def test_faces_that_no_loss_looks_at_change_nothing_but_the_count_of_images(faces, rendered, others):
    trial = dataclasses.replace(with_pool(rendered, OTHERS), method=Weighed())
    *_, with_them = train(trial, faces, Placement(), unlabelled=others)
    *_, without = train(without_pool(trial), faces, Placement())
    torch.testing.assert_close(with_them.state.model, without.state.model)
    counts = {"labelled_images": 8, "unlabelled_images": 6}
    assert counts.items() <= with_them.metrics.items()
    assert with_them.metrics.keys() - without.metrics.keys() == counts.keys()


@methods
def test_every_method_learns_something_finite_from_a_batch_with_an_unlabelled_face(name):
    model, batch = built(name, SCHEMES["68"]), batch_of(SCHEMES["68"])
    assert batch.second_landmarks is not None
    for lost in (batch.landmarks, batch.second_landmarks, batch.normaliser, batch.difficulty):
        lost[-1] = math.nan
    for hidden in (batch.present, batch.visible, batch.weight):
        hidden[-1] = 0
    total = torch.stack(list(trained_on(model, batch).values())).sum()
    assert total.isfinite()
    if model.updates():
        total.backward()
        assert all(parameter.grad.isfinite().all() for parameter in model.parameters() if parameter.grad is not None)


def test_more_workers_than_training_faces_are_refused(faces, rendered):
    trial = trial_of(rendered, Rival())
    check_faces(trial, faces, None, workers=8)
    with pytest.raises(DataError, match="'synthetic' has fewer train faces than the 9 workers"):
        check_faces(trial, faces, None, workers=9)


def test_an_empty_pool_is_refused(faces, rendered, others):
    nothing = np.array([], dtype=np.int64)
    empty = dataclasses.replace(others, rows=others.rows | {"train": nothing, UNLABELLED: nothing})
    trial = with_pool(Synthetic(), Unseen())
    words = "'unseen_of_tests' has no readable face to learn from .* set recipe.unlabelled to 0 and unlabelled to none"
    with pytest.raises(DataError, match=words):
        check_faces(trial, faces, empty, workers=1)
    with pytest.raises(DataError, match=words):
        next(train(trial, faces, Placement(), unlabelled=empty))


@pytest.mark.parametrize("split", ["val", "test"])
def test_a_pool_with_persons_who_are_validated_or_tested_on_is_refused(split, faces, rendered, others):
    trial = with_pool(rendered, rendered)
    check_faces(trial, faces, faces, workers=1)
    groups = sorted({faces.groups[row] for row in faces.rows[split].tolist()})
    words = rf"2 groups of the unlabelled synthetic are .* such as '{groups[0]}'\. Take a pool of training persons"
    with pytest.raises(DataError, match=words):
        check_faces(trial, faces, with_unlabelled(faces, faces.rows[split]), workers=1)
    check_faces(
        with_pool(rendered, Unseen()), faces, others, workers=1
    )  # names of another data set's persons are its own


@pytest.mark.parametrize("has_pool", [False, True])
def test_pairs_of_videos_need_a_video_of_two_frames_among_the_faces_that_are_learned_from(has_pool, prepared):
    data, pool = Frames(of_videos=False), Unseen(of_videos=False)
    labelled, unseen = prepared(data, SIZE, BOXED), prepared(pool, SIZE, BOXED)
    trial = with_pool(data, pool, pairs=Pairs(source="video"))
    words = "no two readable train faces of one video to pair. Set pairs.source to 'image', or take a data set of"
    with pytest.raises(DataError, match=words):
        check_faces(*((trial, labelled, unseen) if has_pool else (without_pool(trial), labelled, None)), workers=1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"unlabelled": OTHERS},
            "no batch has a face of the unlabelled synthetic: set recipe.unlabelled to how many each has",
        ),
        (
            {"recipe.unlabelled": 2},
            "recipe.unlabelled is 2, but there is no data set to take these from: set unlabelled",
        ),
        (
            {"method": Dhln(transfer=PoseTransfer())},
            r"dhln transfers faces from view to view: set recipe.pairs, for example to Pairs\(\)",
        ),
        (
            {"method": Fptn(), "recipe.pairs": Pairs()},
            "fptn finds no landmarks, so nothing can be selected by val_nme_io: set recipe.monitor to 'val_picture_l1'",
        ),
        (
            {"method": Dhln(streams="face"), "recipe.monitor": "val_mse"},
            "dhln finds no landmarks, so nothing can be selected by val_mse: set recipe.monitor to 'val_picture_l1'",
        ),
    ],
    ids=[
        "a pool of which none is taken",
        "no pool to take from",
        "no pairs",
        "landmarks of fptn",
        "landmarks of faces",
    ],
)
def test_a_trial_whose_parts_do_not_fit_is_refused_with_what_to_set(changes, words, rendered):
    recipe = {name.removeprefix("recipe."): value for name, value in changes.items() if "." in name}
    others = {name: value for name, value in changes.items() if "." not in name}
    plain = trial_of(rendered, Rival())
    with pytest.raises(ValueError, match=words):
        Trial(**{"method": Rival(), "data": rendered, "recipe": dataclasses.replace(plain.recipe, **recipe)} | others)


def test_what_makes_pictures_alone_is_trained_where_these_select_its_weights(rendered):
    plain = trial_of(rendered, Rival()).recipe
    for method in (Fptn(), Dhln(streams="face")):
        recipe = dataclasses.replace(plain, pairs=Pairs(), monitor=PICTURES)
        assert Trial(method=method, data=rendered, recipe=recipe).method is method

"""The dual hallucination network has the published sizes, begins as hourglasses, and learns faces by heart."""

import dataclasses
import math

import pytest
import torch

from tests.trainables.test_every_method import batch_of
from trainables.backbones.face_hallucination import FaceHallucination
from trainables.complexity import multiply_accumulates, parameter_count
from trainables.config import ConfigError
from trainables.evaluation import measure
from trainables.image_metrics import picture_quality
from trainables.losses.pictures import gradient_loss, gradient_map
from trainables.method import Batch
from trainables.methods.dhln import Dhln
from trainables.pose_transfer import PoseTransfer
from trainables.schemes import SCHEMES
from trainables.transforms.degrade import degraded
from trainables.transforms.resize import resize_bicubic
from trainables.trial import Evaluation

LARGE = Dhln(input_size=256, low=64, doublings=2)
TINY = Dhln(input_size=64, low=8, width=16, face_width=8, blocks=1)
TINY_TRANSFER = PoseTransfer(width=4, blocks=2)


@pytest.mark.parametrize(
    ("method", "shortcut", "parameters"),
    [
        (Dhln(), "identity", 18_107_941),
        (LARGE, "identity", 18_255_654),
        (Dhln(), "projection", 21_808_805),
        (LARGE, "projection", 21_956_518),
    ],
)
def test_the_networks_have_the_parameters_that_their_layers_make(method, shortcut, parameters):
    model = dataclasses.replace(method, shortcut=shortcut).build(SCHEMES["68"])
    assert parameter_count(model) == parameters


@pytest.mark.parametrize(("doublings", "parameters"), [(1, 1_401_749), (2, 1_549_462)])
def test_the_face_stream_alone_has_the_parameters_of_the_published_one(doublings, parameters):
    assert parameter_count(FaceHallucination(doublings)) == parameters


@pytest.mark.parametrize(("doublings", "size"), [(1, 128), (2, 256)])
def test_heatmaps_are_as_large_as_what_the_network_sees_and_pictures_as_the_crop(doublings, size):
    small = {"width": 16, "face_width": 8, "blocks": 1}
    method = Dhln(input_size=size, low=16, doublings=doublings, **small)
    output = method.build(SCHEMES["68"]).eval()(torch.rand(2, 3, size, size))
    assert output.heatmaps.shape == (2, 4, 68, 64, 64)
    assert output.picture.shape == (2, 3, size, size)


def test_at_first_the_landmarks_are_those_of_hourglasses_that_see_no_restored_face():
    """And each stream alone is a part of the two together."""
    torch.manual_seed(0)
    fused = TINY.build(SCHEMES["19"]).eval()
    landmarks, face = (
        dataclasses.replace(TINY, streams=stream).build(SCHEMES["19"]).eval() for stream in ("landmarks", "face")
    )
    for alone in (landmarks, face):
        alone.load_state_dict({name: fused.state_dict()[name] for name in alone.state_dict()})
    images = torch.rand(2, 3, 64, 64)
    together, hourglasses, restored = fused(images), landmarks(images), face(images)
    assert torch.equal(together.heatmaps, hourglasses.heatmaps)
    assert not torch.equal(together.picture, restored.picture)
    assert hourglasses.picture is None
    assert restored.heatmaps is None
    assert torch.equal(fused.network.face(degraded(images, 8, 32)), restored.picture)


def test_without_landmarks_to_learn_only_what_reaches_the_picture_is_taught():
    torch.manual_seed(0)
    reached = parts_reached(dataclasses.replace(TINY, landmark_weight=0.0))
    assert any(name.startswith("network.face.") for name in reached)
    assert any(name.startswith("network.landmarks.hourglasses.3") for name in reached)
    assert not any(name.startswith("network.landmarks.heatmaps.3") for name in reached)


def test_pose_transfer_teaches_landmarks_where_none_are_known():
    """The heads of the last stack learn from it alone, through the maps that say where the face is to be drawn."""
    torch.manual_seed(0)
    reached = parts_reached(dataclasses.replace(TINY, landmark_weight=0.0, transfer=TINY_TRANSFER))
    assert {"network.landmarks.heatmaps.3.weight", "network.landmarks.heatmaps.3.bias"} <= reached
    for part in ("generator", "appearance", "shape"):
        assert any(name.startswith(f"transfer.{part}.") for name in reached)


def test_pose_transfer_teaches_through_heatmaps_and_through_restored_faces():
    torch.manual_seed(0)
    model = dataclasses.replace(TINY, transfer=TINY_TRANSFER).build(SCHEMES["19"])
    batch = batch_of(SCHEMES["19"])
    output = model(*model.seen(batch))
    output.heatmaps.retain_grad()
    output.picture.retain_grad()
    terms = model.losses(output, batch)
    torch.stack([terms[name] for name in ("adversarial", "transfer", "perceptual")]).sum().backward()
    assert output.picture.grad.abs().sum() > 0
    assert output.heatmaps.grad[:, -1].abs().sum() > 0
    assert not output.heatmaps.grad[:, :-1].any()


def test_a_face_without_landmarks_teaches_all_but_where_they_are():
    torch.manual_seed(0)
    model = dataclasses.replace(TINY, transfer=TINY_TRANSFER).build(SCHEMES["19"])
    batch = batch_of(SCHEMES["19"])
    nowhere, none = torch.full_like(batch.landmarks, math.nan), torch.zeros_like(batch.present)
    hidden = dataclasses.replace(
        batch, landmarks=nowhere, second_landmarks=nowhere, present=none, visible=none, weight=none.float()
    )
    model.eval()  # without dropout
    output = model(*model.seen(batch))
    known, unknown = model.losses(output, batch), model.losses(output, hidden)
    assert unknown["heatmaps"] == 0
    assert {name: term for name, term in known.items() if name != "heatmaps"} == {
        name: term for name, term in unknown.items() if name != "heatmaps"
    }


def test_pose_transfer_costs_nothing_once_a_network_is_trained():
    plain, taught = TINY.build(SCHEMES["19"]), dataclasses.replace(TINY, transfer=TINY_TRANSFER).build(SCHEMES["19"])
    assert parameter_count(taught) == parameter_count(plain)
    assert multiply_accumulates(taught, 64) == multiply_accumulates(plain, 64)
    taught.load_state_dict(taught.state_dict() | plain.state_dict())
    images = torch.rand(2, 3, 64, 64)
    assert torch.equal(taught.eval()(images).heatmaps, plain.eval()(images).heatmaps)


def parts_reached(method: Dhln) -> set[str]:
    """Names of the parameters that the sum of all terms reaches."""
    model, batch = method.build(SCHEMES["19"]), batch_of(SCHEMES["19"])
    torch.stack(list(model.losses(model(*model.seen(batch)), batch).values())).sum().backward()
    return {name for name, each in model.named_parameters() if each.grad is not None and each.grad.any()}


def test_gradient_maps_by_hand():
    """I[y, x] = (4y + x)/16 on 4×4 px: √(.5² + .125²) inside; beyond the edge all is 0."""
    ramp = (4 * torch.arange(4.0)[:, None] + torch.arange(4.0)) / 16
    ramp = ramp[None, None]
    assert gradient_map(ramp, flat=0.0)[0, 0, 1:3, 1:3].tolist() == [[pytest.approx(0.5153882)] * 2] * 2
    assert gradient_loss(ramp, torch.full_like(ramp, 0.5), flat=0.0).item() == pytest.approx(0.2915631, abs=1e-6)
    assert gradient_loss(ramp, torch.full_like(ramp, 0.5)).item() == pytest.approx(0.2915631, abs=1e-3)


def test_a_flat_picture_has_a_finite_slope():
    flat = torch.full((1, 3, 8, 8), 0.5, requires_grad=True)
    gradient_loss(flat, torch.rand(1, 3, 8, 8)).backward()
    assert flat.grad is not None
    assert flat.grad.isfinite().all()


def test_the_loss_is_a_weighted_sum_of_means():
    torch.manual_seed(0)
    batch = batch_of(SCHEMES["19"])

    def terms(**weights: float) -> dict[str, float]:
        torch.manual_seed(1)
        model = dataclasses.replace(TINY, **weights).build(SCHEMES["19"])
        return {name: term.item() for name, term in model.losses(model(batch.images), batch).items()}

    usual = terms()
    torch.manual_seed(1)
    model = TINY.build(SCHEMES["19"])
    picture = model(batch.images).picture
    assert usual["picture"] == pytest.approx(0.01 * (picture - batch.images).abs().mean().item(), rel=1e-4)
    for name, setting in (("heatmaps", "landmark"), ("picture", "picture"), ("gradient", "gradient")):
        changed = terms(**{f"{setting}_weight": 3 * getattr(TINY, f"{setting}_weight")})
        assert changed == pytest.approx(usual | {name: 3 * usual[name]}, rel=1e-4)


def test_the_last_stack_alone_can_be_compared_with_the_truth():
    batch = batch_of(SCHEMES["19"])
    torch.manual_seed(0)
    model = TINY.build(SCHEMES["19"])
    every = model.losses(model(batch.images), batch)
    torch.manual_seed(0)
    alone = dataclasses.replace(TINY, every_stack=False).build(SCHEMES["19"])
    last = alone.losses(alone(batch.images), batch)
    assert 0 < last["heatmaps"] < every["heatmaps"]
    assert last["picture"] == every["picture"]


def test_degradation_leaves_what_few_pixels_hold():
    random = torch.Generator().manual_seed(0)
    coarse = resize_bicubic(torch.rand(1, 3, 4, 4, generator=random), (64, 64))
    assert picture(degraded(coarse, 16, 64), coarse) > 40
    stripes = (torch.arange(64) % 2).float().expand(1, 3, 64, 64)
    inner = degraded(stripes, 8, 64)[..., 8:-8, 8:-8]
    assert inner.sub(0.5).abs().max() < 0.02  # averaged, and not picked
    assert degraded(torch.rand(1, 3, 64, 64, generator=random).round(), 8, 64).aminmax()[0] >= 0


def picture(one: torch.Tensor, other: torch.Tensor) -> float:
    return picture_quality(*(each[0].permute(1, 2, 0).numpy() for each in (one, other)))["psnr"]


def test_restored_faces_are_measured_beside_landmarks(prepared, rendered):
    faces = prepared(rendered, 64)
    torch.manual_seed(0)
    model = TINY.build(faces.scheme)
    measured = measure(model, faces, Evaluation(), torch.device("cpu"))
    rows = faces.rows["test"]
    with torch.no_grad():
        crops = faces.inputs(rows, torch.device("cpu"))
        restored = model.restored(model.eval()(crops))
    expected = [picture(restored[k : k + 1], crops[k : k + 1]) for k in range(len(rows))]
    value, images = measured.summary()["psnr"]
    assert (value, images) == (pytest.approx(sum(expected) / len(rows)), len(rows))
    assert {"ssim", "ssim_dic", "nme_io"} <= set(measured.summaries()["all"])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"input_size": 80}, "not a multiple of 32, so its heatmaps of 1/2 of it cannot be halved 4 times"),
        ({"low": 65}, "low is more than the side of the heatmaps, 64"),
        ({"doublings": 3}, "doublings"),
        ({"streams": "face", "transfer": PoseTransfer()}, "pose transfer needs landmarks and a restored face"),
    ],
)
def test_sizes_that_do_not_fit_are_mistakes(wrong, words):
    with pytest.raises(ConfigError, match=words):
        Dhln(**wrong)


@pytest.mark.slow
@pytest.mark.long
def test_8_faces_are_restored_3_db_better_than_by_enlargement_and_with_sharper_edges_where_edges_are_taught(
    prepared, rendered
):
    faces = prepared(rendered, 64)
    rows = faces.rows["train"][:8]
    images = faces.inputs(rows, torch.device("cpu"))
    landmarks = torch.from_numpy(faces.landmarks_crop(rows)).float()
    present, ones = torch.ones(landmarks.shape[:2], dtype=torch.bool), torch.ones(len(rows))
    batch = Batch(images, landmarks, present, present, ones, ones, present.float())

    def learned(gradient_weight: float) -> torch.Tensor:
        torch.manual_seed(0)
        method = dataclasses.replace(TINY, face_width=32, gradient_weight=gradient_weight)
        model = method.build(faces.scheme)
        optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, 150, pct_start=0.05)
        for _ in range(150):
            optimizer.zero_grad()
            torch.stack(list(model.losses(model(images), batch).values())).sum().backward()
            optimizer.step()
            schedule.step()
        with torch.no_grad():
            return model.restored(model.eval()(images))

    def quality(restored: torch.Tensor) -> float:
        return sum(picture(restored[k : k + 1], images[k : k + 1]) for k in range(len(rows))) / len(rows)

    with_edges, without = learned(0.01), learned(0.0)
    enlarged = quality(degraded(images, TINY.low, 64))
    assert math.isfinite(enlarged)
    assert quality(with_edges) > enlarged + 3
    assert gradient_loss(with_edges, images) < gradient_loss(without, images)

"""Paper 001's network has the published sizes, the mean squared error as its loss, and can learn faces by heart."""

import dataclasses

import pytest
import torch

from trainables.backbones.resnet import ResNet18 as Backbone
from trainables.complexity import multiply_accumulates, parameter_count
from trainables.method import Batch
from trainables.methods.resnet18 import ResNet18, ResNet18Landmarks
from trainables.paper_recipes import PAPER_001
from trainables.placement import Placement
from trainables.recipe import Adam, Cosine, Plateau, Recipe
from trainables.training import train
from trainables.transforms.augmentation import Augmentation
from trainables.trial import Trial


def test_the_rgb_network_of_1000_classes_has_the_parameters_of_the_public_one():
    assert parameter_count(Backbone(1000)) == 11_689_512


@pytest.mark.parametrize(("landmarks", "expected"), [(68, 11_240_008), (29, 11_199_994), (98, 11_270_788)])
def test_the_grey_network_has_the_parameters_of_the_checks(landmarks, expected):
    assert parameter_count(ResNet18Landmarks(landmarks, 224, 64)) == expected


def test_the_grey_network_of_68_landmarks_costs_1_734955_g_multiply_accumulates_at_224():
    assert multiply_accumulates(ResNet18Landmarks(68, 224, 64), 224) / 1e9 == pytest.approx(1.734955, abs=1e-6)


def batch_of(landmarks: torch.Tensor, present: torch.Tensor) -> Batch:
    images = torch.zeros(len(landmarks), 3, 8, 8)
    ones = torch.ones(len(landmarks))
    return Batch(images, landmarks, present, present, ones, 0.5 * ones, present.float())


def test_the_mse_of_one_face_worked_out_by_hand():
    model = ResNet18Landmarks(2, 8, 4)
    # Truth (2, 4), (8, 0) px of 8 is (−.25, 0), (.5, −.5) crop sides. Off by .1, 0, 0 and −.3: (.01 + .09) / 4.
    batch = batch_of(torch.tensor([[[2.0, 4.0], [8.0, 0.0]]]), torch.ones(1, 2, dtype=torch.bool))
    output = torch.tensor([[[-0.15, 0.0], [0.5, -0.8]]])
    assert model.losses(output, batch)["mse"].item() == pytest.approx(0.025)


def test_the_mse_is_the_mean_over_the_landmarks_that_are_present():
    model = ResNet18Landmarks(2, 8, 4)
    present = torch.tensor([[True, False]])
    batch = batch_of(torch.tensor([[[2.0, 4.0], [float("nan"), float("nan")]]]), present)
    output = torch.tensor([[[-0.15, 0.0], [0.5, -0.8]]], requires_grad=True)
    loss = model.losses(output, batch)["mse"]
    loss.backward()
    assert loss.item() == pytest.approx(0.005)  # .01 / 2
    assert output.grad is not None
    assert output.grad[0, 1].tolist() == [0.0, 0.0]
    # d/dx of (x − truth)² / 2
    assert output.grad[0, 0].tolist() == pytest.approx([0.1, 0.0])


def test_decode_puts_0_at_the_middle_of_the_crop():
    output = torch.tensor([[[0.0, 0.0], [-0.5, 0.5], [0.25, -0.25]]])
    assert ResNet18Landmarks(3, 224, 4).decode(output).tolist() == [[[112, 112], [0, 224], [168, 56]]]


def test_the_network_sees_grey_from_minus_1_to_1():
    model = ResNet18Landmarks(2, 32, 4)
    seen = []
    model.network.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    images = torch.zeros(2, 3, 32, 32)
    images[1] = 1.0
    model.eval()(images)
    assert seen[0].shape == (2, 1, 32, 32)
    assert seen[0][0].unique().tolist() == [-1.0]
    assert seen[0][1].unique().tolist() == pytest.approx([1.0], abs=1e-6)


def test_the_papers_recipe_is_that_of_methods_4():
    assert PAPER_001.optimizer == Adam(lr=1e-3)
    assert PAPER_001.schedule == Plateau(factor=0.5, patience=5, min_lr=1e-6)
    assert (PAPER_001.epochs, PAPER_001.batch_size, PAPER_001.early_stop_patience) == (100, 64, 15)
    assert PAPER_001.monitor == "val_mse"
    assert PAPER_001.augmentation == Augmentation()
    assert (PAPER_001.crop.source, PAPER_001.crop.scale, PAPER_001.crop.square) == ("dataset", 1.2, False)
    assert (ResNet18().input_size, ResNet18().width) == (224, 64)


@pytest.mark.slow
def test_the_network_overfits_8_rendered_faces(prepared, rendered):
    # At 96 px, because the last stage then normalises by enough values: its running variance is that of a sample
    # (n − 1), in training it is that of the batch (n), and at 32 px (n = 8) this alone keeps the error above 1e-3.
    faces = prepared(rendered, 96)
    recipe = Recipe(epochs=150, batch_size=8, optimizer=Adam(lr=3e-3), schedule=Cosine(), monitor="val_mse")
    trial = Trial(method=ResNet18(input_size=96, width=16), data=rendered, recipe=recipe)
    # The 8 faces it is trained on are those it is measured on; one step an epoch makes 150 steps.
    same = dataclasses.replace(faces, rows=faces.rows | {"val": faces.rows["train"]})
    *_, last = train(trial, same, Placement())
    assert len(faces.rows["train"]) == 8
    assert last.metrics["train_mse"] < 1e-4
    assert last.metrics["val_mse"] < 1e-4

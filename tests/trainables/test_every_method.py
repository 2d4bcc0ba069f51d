"""The contract of a method: a new file in trainables/methods/ inherits these tests by existing."""

import dataclasses
import inspect
import math
import subprocess
import sys
from typing import Any

import pytest
import torch

from trainables import registry
from trainables.complexity import multiply_accumulates, parameter_count
from trainables.inspection import describe_method
from trainables.method import Batch, LandmarkModel, Method
from trainables.papers import PAPERS
from trainables.recipe import Recipe
from trainables.schemes import SCHEMES, Scheme

SIZE, BATCH = 64, 3


def small(name: str) -> Method:
    """The method at a small input, narrower and less deep where it can be."""
    method = registry.find_method(name)
    sizes: dict[str, Any] = {"modules": lambda _: (1, 1, 1), "stacks": lambda _: 2}
    sizes |= dict.fromkeys(("width", "face_width"), lambda width: width // 8)
    sizes |= {"transfer": lambda transfer: transfer and dataclasses.replace(transfer, width=8, blocks=2)}
    fewer = {name: less(getattr(method, name)) for name, less in sizes.items() if hasattr(method, name)}
    return dataclasses.replace(method, input_size=SIZE, **fewer)


def batch_of(scheme: Scheme, missing: bool = False, faces: int = BATCH) -> Batch:
    generator = torch.Generator().manual_seed(0)
    landmarks = 8 + torch.rand(faces, scheme.num_landmarks, 2, generator=generator) * (SIZE - 16)
    present = torch.ones(faces, scheme.num_landmarks, dtype=torch.bool)
    visible = present.clone()
    visible[:, 1] = False
    if missing:
        present[0, 0] = visible[0, 0] = False
        landmarks[0, 0] = float("nan")
    images = torch.rand(faces, 3, SIZE, SIZE, generator=generator)
    weight = torch.where(visible, 1.0, 0.5) * present
    difficulty, normaliser = torch.linspace(0, 1, faces), torch.full((faces,), 30.0)
    second = images.roll(2, dims=-1), torch.where(present[..., None], landmarks + torch.tensor([2.0, 0.0]), math.nan)
    return Batch(images, landmarks, present, visible, normaliser, difficulty, weight, *second)


def trained_on(model: LandmarkModel, batch: Batch) -> dict[str, torch.Tensor]:
    """The terms of one step."""
    return model.losses(model(*model.seen(batch)), batch)


def built(name: str, scheme: Scheme) -> LandmarkModel:
    torch.manual_seed(0)
    return small(name).build(scheme)


methods = pytest.mark.parametrize("name", registry.method_names())
landmark_methods = pytest.mark.parametrize(
    "name", [name for name in registry.method_names() if registry.find_method(name).finds_landmarks]
)
schemes = pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda scheme: scheme.name)


def answer(model: LandmarkModel, images: torch.Tensor) -> torch.Tensor:
    """Landmarks, or the pictures of a method that finds none."""
    output = model(images)
    found = model.decode(output)
    pictures = output[0] if isinstance(output, tuple) else output
    return pictures if found is None else found


@methods
@schemes
def test_every_method_returns_one_landmark_per_point_and_a_finite_loss(name, scheme):
    model, batch = built(name, scheme), batch_of(scheme)
    terms, found = trained_on(model, batch), model.decode(model(batch.images))
    assert terms
    assert model.finds_landmarks == small(name).finds_landmarks
    assert all(term.shape == () and term.isfinite() for term in terms.values())
    if not small(name).finds_landmarks:
        assert found is None
        return
    assert found.shape == (BATCH, scheme.num_landmarks, 2)
    assert found.isfinite().all()


@methods
def test_every_method_gives_every_parameter_a_finite_gradient(name):
    model, batch = built(name, SCHEMES["68"]), batch_of(SCHEMES["68"])
    moved = {id(parameter) for update in model.updates() for parameter in update.parameters}
    assert moved == {id(parameter) for parameter in model.parameters() if parameter.requires_grad}
    optimizers = [torch.optim.Adam(update.parameters) for update in model.updates()]
    # Layers that begin at 0 hide those before them from the first step.
    for step in range(3):
        if not optimizers:
            break
        torch.stack(list(trained_on(model, batch).values())).sum().backward()
        for update, optimizer in zip(model.updates(), optimizers, strict=True):
            for parameter in update.parameters:
                assert parameter.grad is not None
                assert parameter.grad.isfinite().all()
                assert step < 2 or parameter.grad.abs().sum() > 0
            optimizer.step()
            optimizer.zero_grad()


@methods
def test_a_missing_landmark_leaves_loss_and_gradients_finite(name):
    model, batch = built(name, SCHEMES["29"]), batch_of(SCHEMES["29"], missing=True)
    total = torch.stack(list(trained_on(model, batch).values())).sum()
    assert total.isfinite()
    if model.updates():
        total.backward()
        assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


@methods
def test_a_missing_landmark_costs_nothing_wherever_it_is_predicted(name):
    def losses(hidden: float) -> dict[str, float]:
        model, batch = built(name, SCHEMES["29"]), batch_of(SCHEMES["29"], missing=True)
        batch.landmarks[0, 0] = hidden
        return {term: value.item() for term, value in trained_on(model, batch).items()}

    assert losses(0.0) == losses(50.0) == losses(float("nan"))


@landmark_methods
def test_a_landmark_of_weight_0_costs_nothing_wherever_it_is_and_of_more_weight_counts_more(name):
    def losses(shift: float, weight: float) -> torch.Tensor:
        model, batch = built(name, SCHEMES["29"]), batch_of(SCHEMES["29"])
        batch.landmarks[:, 1] += shift
        batch.weight[:, 1] = weight
        return torch.stack(list(trained_on(model, batch).values())).detach()

    assert torch.equal(losses(0.0, 0.0), losses(3.0, 0.0))
    assert not torch.equal(losses(0.0, 0.5), losses(3.0, 0.5))
    assert not torch.equal(losses(0.0, 0.5), losses(0.0, 1.0))


@landmark_methods
def test_decode_is_in_px_of_the_crop(name):
    # Trained on one set of landmarks only, every method comes to predict it: in px of the crop or not at all.
    model, batch = built(name, SCHEMES["19"]), batch_of(SCHEMES["19"])
    optimizers = [torch.optim.Adam(update.parameters, lr=1e-2) for update in model.updates()]
    truth = batch.landmarks[:1].expand(BATCH, -1, -1)
    batch = dataclasses.replace(batch, landmarks=truth, visible=batch.present)
    model.train()
    for _ in range(100 if optimizers else 1):
        total = torch.stack(list(trained_on(model, batch).values())).sum()
        if optimizers:
            total.backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        error = (model.decode(model(batch.images)) - truth).norm(dim=-1).mean()
        if error < SIZE / 16:
            break
    assert error < SIZE / 16


@methods
def test_evaluation_depends_on_no_other_picture_of_the_batch(name):
    model, batch = built(name, SCHEMES["68"]).eval(), batch_of(SCHEMES["68"])
    together = answer(model, batch.images)
    alone = torch.cat([answer(model, image[None]) for image in batch.images])
    torch.testing.assert_close(together, alone, atol=1e-3, rtol=0)


@methods
def test_a_model_is_built_from_the_random_state_alone_and_its_weights_can_be_copied(name):
    one, same = built(name, SCHEMES["68"]), built(name, SCHEMES["68"])
    other = small(name).build(SCHEMES["68"])
    weights, equal = one.state_dict(), same.state_dict()
    for others in (equal, other.state_dict()):
        assert {key: value.shape for key, value in others.items()} == {
            key: value.shape for key, value in weights.items()
        }
    assert all(torch.equal(value, equal[key]) for key, value in weights.items())
    other.load_state_dict(weights)
    images = batch_of(SCHEMES["68"]).images
    assert torch.equal(answer(one.eval(), images), answer(other.eval(), images))


@methods
def test_every_methods_file_begins_with_a_front_page(name):
    page = inspect.getdoc(registry.method_module(name)) or ""
    first = page.partition("\n\n")[0]
    assert len(first.split()) >= 5
    assert first.rstrip().endswith(".")


@methods
def test_every_method_is_called_as_its_file_and_names_a_known_paper_and_a_recipe(name):
    method = registry.find_method(name)
    assert isinstance(method, Method)
    assert method.kind == name
    assert type(method).PAPER is None or type(method).PAPER in PAPERS
    recipes = type(method).recipes()
    assert "paper" in recipes
    assert all(isinstance(recipe, Recipe) for recipe in recipes.values())


@methods
def test_what_a_method_costs_is_counted_and_described(name):
    model = built(name, SCHEMES["68"])
    helpers = sum(parameter.numel() for helper in model.only_in_training() for parameter in helper.parameters())
    assert parameter_count(model) + helpers == sum(parameter.numel() for parameter in model.parameters())
    assert multiply_accumulates(model, SIZE) >= 0
    text = describe_method(name)
    assert (inspect.getdoc(registry.method_module(name)) or "").splitlines()[0] in text
    assert "input_size" in text
    assert "parameters" in text


def test_an_unknown_method_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"No 'resnet8' in trainables/methods/\. Did you mean 'resnet18'\?"):
        registry.find_method("resnet8")


def test_a_decoder_is_rebuilt_in_a_process_that_has_needed_none_yet():
    code = (
        "from trainables import registry; from trainables.trial import Evaluation; "
        "print(registry.rebuild({'kind': 'Evaluation', 'decoder': {'kind': 'Dark'}}).decoder.kind)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Dark"]

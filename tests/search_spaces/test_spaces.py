"""Spaces: every point of each is a variant that can be trained, and the variant itself is one of them."""

import importlib
import itertools
import pkgutil
from operator import attrgetter

import pytest

from search_spaces import spaces
from search_spaces.domains import Choice, Integer, LogUniform, Space, Uniform
from search_spaces.loading import load_study
from search_spaces.studies._hrmlff import quick
from search_spaces.study import study_path
from search_spaces.variants import Variant
from trainables.codecs.heatmap_model import HeatmapModel
from trainables.config import ConfigError, with_changes
from trainables.datasets.synthetic import Synthetic
from trainables.methods.hrmlff import METHOD
from trainables.paper_recipes import PAPER_000
from trainables.schemes import SCHEMES

NAMES = [module.name for module in pkgutil.iter_modules(spaces.__path__)]
PAPERS = Variant(method=METHOD, data=Synthetic(), recipe=PAPER_000)
QUICK = Variant(method=METHOD, data=Synthetic(), recipe=quick(epochs=2))


# The paper's variant that a space is for, and a small one; HR-MLFF where nothing is said.
OTHERS = {
    "sht_weights": tuple(
        next(variant for variant in load_study(study_path(study)).variants if variant.label == "SHT")
        for study in ("sht_celeba", "sht_synthetic")
    )
}


def space(name: str, of: Variant | None = None) -> Space:
    return importlib.import_module(f"search_spaces.spaces.{name}").space(of or bases(name)[0])


def bases(name: str) -> tuple[Variant, Variant]:
    return OTHERS.get(name, (PAPERS, QUICK))


def ends(domain):
    return tuple(domain.options) if isinstance(domain, Choice) else (domain.low, domain.high)


def corners(found: Space):
    """Every combination of the domains' ends."""
    for values in itertools.product(*map(ends, found.domains.values())):
        point = {}
        for (path, _), value in zip(found.domains.items(), values, strict=True):
            if found.exists(path, point):
                point[path] = value
        yield point


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [0, 1], ids=["paper", "quick"])
def test_every_corner_is_a_variant_and_stands_where_it_was_put(name, size):
    of = bases(name)[size]
    found = space(name, of)
    for point in corners(found):
        assert found.holds(point)
        changed = found.at(of, point)
        for path, chosen in point.items():
            if not any(other.startswith(f"{path}.") for other in point):
                assert attrgetter(path)(changed) == found.domains[path].value(chosen)


@pytest.mark.parametrize("name", NAMES)
def test_the_papers_variant_lies_in_the_space_so_that_a_search_can_try_it_first(name):
    for of in bases(name):
        found = space(name, of)
        point = found.point_of(of)
        assert found.holds(point)
        assert found.at(of, point) == of


@pytest.mark.parametrize("name", NAMES)
def test_every_domain_says_why(name):
    assert all(len(domain.why.split()) > 5 for domain in space(name).domains.values())


def test_the_bounds_are_those_of_the_papers():
    """δ1 in [.01, 1], ε of four values, q0 in [.3, 1], E_c up to half of the epochs or no curriculum, parts on or off;
    of δ2 and λ only the product counts, so δ2 alone spans what both would."""
    weights, curriculum = space("loss_weights").domains, space("curriculum").domains
    assert ends(weights["method.loss.wing_weight"]) == (0.01, 1.0)
    assert ends(weights["method.loss.epsilon"]) == ("0.05", "0.1", "0.2", "0.5")
    # δ2 in [1e-3, 1] times λ in [1e-3, 1e-1], with λ at 0.01.
    low, high = ends(weights["method.loss.smoothness_weight"])
    assert (low * 0.01, high * 0.01) == (pytest.approx(1e-6), pytest.approx(1e-1))
    assert ends(curriculum["recipe.curriculum.start"]) == (0.3, 1.0)
    assert ends(curriculum["recipe.curriculum.epochs"]) == (1, 70)
    assert None in curriculum["recipe.curriculum"].options.values()
    assert [ends(domain) for domain in space("fusion").domains.values()] == [("on", "off")] * 3


def test_all_combinations_of_parts_are_networks():
    found = space("fusion")
    sizes = {
        sum(each.numel() for each in found.at(PAPERS, point).method.build(SCHEMES["19"]).parameters())
        for point in corners(found)
    }
    assert len(sizes) == 8
    assert isinstance(PAPERS.method.build(SCHEMES["19"]), HeatmapModel)


ON = Choice(options={"on": True, "off": False}, why="on or off")
DEEPER = Uniform(low=0.0, high=1.0, why="a share", given=("method.fusion", "on"))


def test_a_variant_with_another_choice_than_the_spaces_is_refused():
    other = with_changes(PAPERS, {"method.loss.epsilon": 0.3})
    with pytest.raises(ValueError, match=r"0\.3 is none of the options 0\.05, 0\.1"):
        space("loss_weights").point_of(other)


def test_a_setting_exists_where_what_it_depends_on_was_chosen():
    found = Space(domains={"method.fusion": ON, "method.loss.epsilon": DEEPER})
    assert found.holds({"method.fusion": "on", "method.loss.epsilon": 0.5})
    assert found.holds({"method.fusion": "off"})
    assert not found.holds({"method.fusion": "off", "method.loss.epsilon": 0.5})
    assert not found.holds({"method.fusion": "on"})
    assert not found.holds({"method.fusion": "perhaps"})
    assert not found.holds({"method.fusion": "on", "method.loss.epsilon": 1.5})


@pytest.mark.parametrize(
    "make, complaint",
    [
        (lambda: Uniform(low=1.0, high=0.0, why="?"), "the smaller one first"),
        (lambda: Uniform(low=0.0, high=float("inf"), why="?"), "finite"),
        (lambda: LogUniform(low=0.0, high=1.0, why="?"), "greater than 0"),
        (lambda: Integer(low=2, high=2, why="?"), "the smaller one first"),
        (lambda: Choice(options={"one": 1}, why="?"), "at least 2"),
        (lambda: Uniform(low=0.0, high=1.0, why=""), "at least 1 character"),
        (lambda: Space(domains={"method.loss.epsilon": DEEPER, "method.fusion": ON}), "stand before it"),
    ],
)
def test_a_domain_that_cannot_be_is_a_mistake(make, complaint):
    with pytest.raises(ConfigError, match=complaint):
        make()


def test_whole_numbers_and_truths_are_told_apart():
    assert Integer(low=0, high=3, why="few").holds(2)
    assert not Integer(low=0, high=3, why="few").holds(True)
    assert not Integer(low=0, high=3, why="few").holds(1.5)
    assert not Uniform(low=0.0, high=3.0, why="few").holds(True)
    assert Uniform(low=0.0, high=3.0, why="few").holds(1)


def test_a_path_that_the_variant_does_not_have_is_named():
    found = Space(domains={"method.fusions": ON})
    with pytest.raises(ConfigError, match=r"method\.fusions"):
        found.at(PAPERS, {"method.fusions": "on"})

"""A study file with mistakes is answered with all of them: what, where, the nearest right name, how to fix it."""

import re
import textwrap
from pathlib import Path

import pytest

from search_spaces.loading import import_study_file, load_study
from trainables import registry
from trainables.config import ConfigError, Mistake, to_plain
from trainables.recipe import Recipe

IMPORTS = """
    from search_spaces.study import Study
    from search_spaces.variants import Variant, ablate, grid
    from trainables.datasets.synthetic import Synthetic
    from trainables.methods.mean_shape import MeanShape
    from trainables.methods.resnet18 import ResNet18
    from trainables.recipe import Adam, Recipe
    from trainables.transforms.augmentation import Augmentation
"""
GOOD = """
    BASE = Variant(label="base", method=ResNet18(width=8), data=Synthetic(), recipe=Recipe(augmentation=Augmentation()))
    STUDY = Study(question="Which?", variants=ablate(BASE, {"recipe.epochs": (1, 2)}), seeds=(0, 1))
"""


@pytest.fixture
def study_file(tmp_path):
    """Writes a file of imports and the given lines; the first of these stands in line 8."""

    def write(body: str, imports: str = IMPORTS, name: str = "mine.py") -> Path:
        path = tmp_path / name
        path.write_text(textwrap.dedent(imports).lstrip("\n") + textwrap.dedent(body).lstrip("\n"), encoding="utf-8")
        return path

    return write


def mistakes_of(path: Path, changes=None) -> tuple[Mistake, ...]:
    with pytest.raises(ConfigError) as caught:
        load_study(path, changes)
    return caught.value.mistakes


def test_a_good_file_gives_its_study(study_file):
    study = load_study(study_file(GOOD))
    assert [variant.label for variant in study.variants] == ["base", "base, epochs 1", "base, epochs 2"]
    assert len(study.trials()) == 6


def test_a_file_with_seven_mistakes_is_answered_with_all_seven(study_file):
    path = study_file(
        """
        from trainables.methods.resnet18 import ResNet81
        from trainables.methods.resnet19 import Anything
        STUDY = Study(
            question="Which?",
            variants=(
                Variant(label="one", method=ResNet18(widht=8), data=Synthetic(landmarks="70")),
                Variant(label="two", method=ResNet81(), data=Synthetic(), recipe=Recipe(epochs=-1, optimiser=Adam())),
                *grid(Variant(label="three", method=Anything(), data=Synthetic()), {"recipe.optimizer.lrr": (1e-3,)}),
            ),
        )
        """
    )
    found = {f"{mistake.what} {mistake.fix}": mistake.where for mistake in mistakes_of(path)}
    expected = {
        r"trainables\.methods\.resnet18 has no 'ResNet81'\. Did you mean 'ResNet18'\? It has: .*": 8,
        r"cannot import 'trainables\.methods\.resnet19': .* Did you mean 'resnet18'\? There are: .*": 9,
        r"ResNet18 has no setting 'widht'\. Did you mean 'width'\? .*": 13,
        r"Synthetic\.landmarks = '70': should be '68', '98', '29' or '19'\. ?": 13,
        r"Recipe\.epochs = -1: should be greater than 0\. ?": 14,
        r"Recipe has no setting 'optimiser'\. Did you mean 'optimizer'\? .*": 14,
        r"'recipe\.optimizer\.lrr' names no setting: Adam has no 'lrr'\. Did you mean 'lr'\? .*": 15,
    }
    for pattern, line in expected.items():
        matching = [(text, where) for text, where in found.items() if re.fullmatch(pattern, text)]
        assert [where for _, where in matching] == [f"mine.py:{line}"], pattern
    assert len(found) == len(expected)


def test_the_message_has_one_line_for_each_mistake(study_file):
    path = study_file('STUDY = Study(question="", variants=(), seeds=(), sed=1)')
    with pytest.raises(ConfigError) as caught:
        load_study(path)
    assert len(str(caught.value).splitlines()) == len(caught.value.mistakes) == 4
    assert all(line.startswith("mine.py:8: ") for line in str(caught.value).splitlines())


def test_a_mistake_that_several_variants_share_is_told_once(study_file):
    path = study_file(
        """
        STUDY = Study(question="Which?", variants=tuple(
            Variant(label=f"{seed}", method=ResNet18(widht=8), data=Synthetic(seed=seed)) for seed in range(3)
        ))
        """
    )
    assert len(mistakes_of(path)) == 1


def test_duplicate_labels_are_a_mistake_of_the_line_of_the_study(study_file):
    path = study_file(
        """
        ONE = Variant(label="same", method=MeanShape(), data=Synthetic())
        STUDY = Study(question="Which?", variants=(ONE, ONE))
        """
    )
    (mistake,) = mistakes_of(path)
    assert mistake.where == "mine.py:9"
    assert "two variants are called 'same'" in mistake.what


def test_a_syntax_error_is_told_with_its_line(study_file):
    (mistake,) = mistakes_of(study_file("STUDY = Study(question='Which?'\nseeds = 3\n"))
    assert mistake.where in ("mine.py:8", "mine.py:9")
    assert mistake.fix == "Correct the Python."


def test_a_python_error_does_not_hide_the_mistakes_around_it(study_file):
    path = study_file(
        """
        EPOCHS = 10 / 0
        ONE = Variant(label="one", method=ResNet18(widht=8), data=Synthetic(), recipe=Recipe(epochs=EPOCHS))
        TWO = Variant(label="two", method=MeanShap(), data=Synthetic())
        STUDY = Study(question="Which?", variants=(ONE, TWO), sed=1)
        """
    )
    found = [(mistake.where, mistake.what, mistake.fix) for mistake in mistakes_of(path)]
    assert [where for where, _, _ in found] == ["mine.py:8", "mine.py:9", "mine.py:10", "mine.py:11"]
    assert found[0][1] == "ZeroDivisionError: division by zero."
    assert found[2][1:] == ("NameError: name 'MeanShap' is not defined.", "Did you mean 'MeanShape'?")


def test_a_setting_that_lies_deeper_is_found(study_file):
    path = study_file('STUDY = Study(question="Q", variants=(Variant(method=MeanShape(), data=Synthetic()),))')
    with pytest.raises(ConfigError, match=r"Did you mean 'recipe\.epochs'\?"):
        load_study(path, {"epochs": 2})


def test_a_file_that_is_no_text_is_told(tmp_path):
    (tmp_path / "binary.py").write_bytes(b"\xff\xfe\x00")
    (mistake,) = mistakes_of(tmp_path / "binary.py")
    assert mistake.where.startswith("binary.py")


def test_a_null_byte_in_a_file_is_told(tmp_path):
    (tmp_path / "null.py").write_bytes(b"STUDY = 1\x00\n")
    (mistake,) = mistakes_of(tmp_path / "null.py")
    assert mistake.where.startswith("null.py")


@pytest.mark.parametrize("body", ["", "study = 3", "STUDY = 3", "STUDY = None"])
def test_a_file_without_a_study_is_told_what_to_add(body, study_file):
    (mistake,) = mistakes_of(study_file(body))
    assert mistake.what == "no STUDY = Study(…) or Search(…) in this file."
    assert mistake.where == "mine.py"
    assert "Add it at the end" in mistake.fix


def test_an_exception_in_the_file_is_told_with_the_files_own_line(study_file):
    path = study_file(
        """
        def half(value):
            return value / 0

        STUDY = Study(question="Which?", variants=(), seeds=(half(3),))
        """
    )
    (mistake,) = mistakes_of(path)
    assert mistake.what == "ZeroDivisionError: division by zero."
    assert mistake.where == "mine.py:9"


def test_a_misspelt_name_is_told(study_file):
    (mistake,) = mistakes_of(study_file("STUDY = Stduy(question='Which?')"))
    assert mistake.where == "mine.py:8"
    assert "Stduy" in mistake.what


def test_a_module_that_is_not_installed_is_told(study_file):
    for line in ("import nothing_of_this_name", "from nothing_of_this_name import something"):
        (mistake,) = mistakes_of(study_file(line))
        assert mistake.where == "mine.py:8"
        assert "nothing_of_this_name" in mistake.what


def test_right_names_of_a_line_with_a_wrong_one_still_work(study_file):
    path = study_file(
        """
        from trainables.recipe import Cosine, Adm
        STUDY = Study(
            question="Which?",
            variants=(Variant(method=MeanShape(), data=Synthetic(), recipe=Recipe(schedule=Cosine(min_lr=-1))),),
        )
        """
    )
    found = mistakes_of(path)
    assert [mistake.where for mistake in found] == ["mine.py:8", "mine.py:11"]
    assert "Did you mean 'Adam'?" in found[0].fix
    assert found[1].what.startswith("Cosine.min_lr = -1")


def test_a_submodule_may_be_imported_from_its_package(study_file):
    path = study_file(
        """
        from trainables.methods import mean_shape
        STUDY = Study(question="Which?", variants=(Variant(method=mean_shape.MeanShape(), data=Synthetic()),))
        """
    )
    assert load_study(path).variants[0].method.kind == "mean_shape"


def test_changes_reach_every_variant_and_the_study(study_file):
    study = load_study(study_file(GOOD), {"recipe.batch_size": 7, "recipe.optimizer.lr": 0.5, "seeds": (4,)})
    assert [variant.recipe.batch_size for variant in study.variants] == [7, 7, 7]
    assert [variant.recipe.epochs for variant in study.variants] == [60, 1, 2]
    assert [trial.recipe.optimizer.lr for _, trial in study.trials()] == [0.5] * 3
    assert study.seeds == (4,)


def test_changes_reach_the_stages_before_too_as_far_as_they_have_such_a_setting(study_file):
    path = study_file(
        """
        STAGE = Variant(label="stage", method=MeanShape(), data=Synthetic())
        NEXT = Variant(label="next", method=ResNet18(), data=Synthetic(), starts_from=(STAGE,))
        STUDY = Study(question="Which?", variants=(NEXT,))
        """
    )
    (after,) = load_study(path, {"recipe.epochs": 3, "method.width": 8}).variants
    (stage,) = after.starts_from
    assert (after.recipe.epochs, stage.recipe.epochs, after.method.width) == (3, 3, 8)
    assert stage.method == load_study(path).variants[0].starts_from[0].method


def test_a_setting_that_some_variants_have_is_changed_in_these(study_file):
    path = study_file(
        """
        FLOOR = Variant(label="floor", method=MeanShape(), data=Synthetic())
        NETWORK = Variant(label="network", method=ResNet18(), data=Synthetic())
        STUDY = Study(question="Which?", variants=(FLOOR, NETWORK))
        """
    )
    floor, network = load_study(path, {"method.width": 8}).variants
    assert network.method.width == 8
    assert floor == load_study(path).variants[0]
    assert "Did you mean 'width'?" in mistakes_of(path, {"method.widht": 8})[0].fix


def test_all_wrong_changes_are_told_once_with_the_nearest_setting(study_file):
    found = mistakes_of(study_file(GOOD), {"recipe.epohcs": 3, "recipe.batch_size": 0, "sedes": (1,)})
    assert len(found) == 3
    assert "Did you mean 'epochs'?" in found[0].fix
    assert "'sedes' names no setting" in found[1].what
    assert found[2].what == "Recipe.batch_size = 0: should be greater than 0."


OWN_METHOD = """
    from typing import ClassVar
    from trainables.config import config

    @config
    class MyMean(MeanShape):
        kind: ClassVar[str] = "my_mean_of_tests"
        shrink: float = 1.0

    STUDY = Study(question="Which?", variants=(Variant(method=MyMean(shrink=0.5), data=Synthetic()),))
"""


def test_a_file_may_define_its_own_method_which_other_processes_rebuild_by_importing_it(study_file):
    path = study_file(OWN_METHOD, name="with_method.py")
    (_, trial), *_ = load_study(path).trials()
    assert import_study_file(path).MyMean.kind == "my_mean_of_tests"
    rebuilt = registry.rebuild(to_plain(trial))
    assert rebuilt.method.shrink == 0.5


def test_importing_a_broken_file_raises_all_its_mistakes(study_file):
    path = study_file("STUDY = 1 / 0", name="broken.py")
    with pytest.raises(ConfigError, match=r"broken\.py:8: ZeroDivisionError"):
        import_study_file(path)


def test_after_a_file_was_read_mistakes_are_raised_again(study_file):
    mistakes_of(study_file("STUDY = Study(question='Which?', variants=(), sed=1)"))
    with pytest.raises(ConfigError):
        Recipe(epochs=0)


def test_an_unknown_name_of_a_papers_settings_is_answered_with_the_nearest(study_file):
    path = study_file(
        """
        from trainables.transforms.augmentation import AUGMENTATIONS
        RECIPE = Recipe(augmentation=AUGMENTATIONS["hrmlf"])
        STUDY = Study(question="Q", variants=(Variant(method=MeanShape(), data=Synthetic(), recipe=RECIPE),))
        """
    )
    (mistake,) = mistakes_of(path)
    assert "'hrmlf' is not known. Did you mean 'hrmlff'?" in mistake.what

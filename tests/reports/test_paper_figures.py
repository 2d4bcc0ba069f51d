"""Figures over several studies of a paper, and which figures of the papers wait for trials."""

import pytest

from reports import figures, hrmlff, paper_figures, plots, themes
from reports.figures import hrmlff_areas, hrmlff_errors, kinds_of_face, resnet18_accuracy, resnet18_mse
from reports.query import Results
from reports.registry import modules

WFLW, YTF68 = hrmlff.WFLW, hrmlff.YTF68
SMALL_001, PAPER_001 = "resnet18_ytf68", "resnet18_300w"


def measure(ledger, study: str, label: str, per_seed: list[dict[str, float]], split: str = "test", **how) -> None:
    for seed, values in enumerate(per_seed):
        trial = ledger.declare(study, label, seed, (split,), baseline=label in ("HR-MLFF", "ResNet18"))
        if not any(row["trial"] == trial for row in ledger.rows["trials"]):
            ledger.trial(trial, seed)
        ledger.measure(trial, split, values, **how)


def test_nothing_is_drawn_before_a_network_is_measured(ledger):
    results = Results(ledger)
    for module in (hrmlff_errors, hrmlff_areas, resnet18_accuracy, resnet18_mse):
        assert module.build(results) is None
    assert kinds_of_face.build(results, YTF68.study) is None


def test_the_errors_of_all_data_sets_stand_beside_the_papers_own(ledger):
    for data, label, errors in ((WFLW, "HR-MLFF", (0.04, 0.05)), (WFLW, "HRNet", (0.06,)), (YTF68, "HR-MLFF", (0.1,))):
        measure(ledger, data.study, label, [{"nme_io": error} for error in errors])
    first, second, third = hrmlff_errors.build(Results(ledger)).data.dots
    assert (first.group, first.label, first.published) == ("WFLW", "HR-MLFF", 3.19)
    assert (first.mean, first.values) == (pytest.approx(4.5), pytest.approx((4.0, 5.0)))
    assert first.spread == pytest.approx(0.7071, abs=1e-4)  # (.5² + .5²)/1, its root
    assert (second.label, second.published, second.series) == ("HRNet", None, 1)  # the paper has no such bar
    assert (third.group, third.published) == (YTF68.title, None)


def test_the_area_of_the_paper_stands_where_it_is_possible(ledger):
    measure(ledger, WFLW.study, "HR-MLFF", [{"auc_io_7": 0.4, "auc_io_10": 0.6}])
    figure = hrmlff_areas.build(Results(ledger))
    (dot,) = figure.data.dots
    assert (dot.mean, dot.published) == (pytest.approx(0.4), 0.547)
    assert figure.data.x_label == "AUC@7"


def test_kinds_of_face_have_a_heading_each_and_the_whole_set_is_the_first(ledger):
    for subset, error in (("all", 0.05), ("occluded", 0.08)):
        measure(ledger, YTF68.study, "HR-MLFF", [{"nme_io": error}], subset=subset)
    dots = kinds_of_face.build(Results(ledger), YTF68.study).data.dots
    assert [(dot.group, dot.mean) for dot in dots] == [
        ("all faces", pytest.approx(5.0)),
        ("occluded", pytest.approx(8.0)),
    ]


def test_a_study_without_kinds_of_face_has_no_such_figure(ledger):
    measure(ledger, YTF68.study, "HR-MLFF", [{"nme_io": 0.05}])
    assert kinds_of_face.build(Results(ledger), YTF68.study) is None


def test_the_accuracy_of_paper_001_stands_beside_its_own_network_alone(ledger):
    for study in (PAPER_001, SMALL_001):
        for label in ("ResNet18", "D-ViT"):
            measure(ledger, study, label, [{"accuracy_3px": 0.5, "accuracy_5px": 0.75}], split="val")
    dots = resnet18_accuracy.build(Results(ledger)).data.dots
    assert [(dot.group, dot.label, dot.mean, dot.published) for dot in dots[:4]] == [
        ("resnet18_300w, within 3 px", "ResNet18", 50.0, 95.4),
        ("resnet18_300w, within 3 px", "D-ViT", 50.0, None),
        ("resnet18_300w, within 5 px", "ResNet18", 75.0, 98.2),
        ("resnet18_300w, within 5 px", "D-ViT", 75.0, None),
    ]
    assert {dot.published for dot in dots[4:]} == {None}


def test_the_mean_square_error_is_in_thousandths_as_its_table_has_it(ledger):
    measure(ledger, PAPER_001, "ResNet18", [{"mse": 0.0015}], split="train")
    figure = resnet18_mse.build(Results(ledger))
    (dot,) = figure.data.dots
    assert (dot.group, dot.mean, dot.published) == (f"{PAPER_001}, training", pytest.approx(1.5), pytest.approx(0.9))
    assert figure.data.x_label == "MSE (×10⁻³)"
    assert plots.png(figure, themes.DARK).startswith(b"\x89PNG")


def test_every_figure_of_the_papers_has_a_module_or_a_command_and_studies_that_are_there():
    kinds = modules(figures)
    for one in paper_figures.PAPER_FIGURES:
        assert (one.kind in kinds) == bool(one.studies) != bool(one.command), one.where
        if one.kind and kinds[one.kind].STUDIES:
            assert one.studies == kinds[one.kind].STUDIES, one.where
    wanted = {"000": 10, "001": 5, "002": 4, "003": 5}
    for paper, count in wanted.items():
        assert len([one for one in paper_figures.PAPER_FIGURES if one.where.startswith(paper)]) >= count


def test_a_figure_waits_until_one_of_its_studies_fills_it():
    waiting = paper_figures.waiting(["hrmlff_ytf68_networks", "hrmlff_errors", "keyposs_anchors"])
    places = {one.where: one for one in waiting}
    assert not {"000, Fig. 3(a)", "000, Fig. 3(c)", "002, Fig. 6"} & set(places)
    assert "marksweep run hrmlff_wflw" in places["000, Fig. 3(b)"].commands
    assert places["003, Figs. 2, 3 and 5"].commands == ("marksweep methods dhln --modules",)

"""What a metric is for each image: made again from the ledger's rows, and equal to what was recorded."""

import numpy as np
import pytest

from reports.image_values import ImageValues
from tests.reports.conftest import FakeLedger, identity
from trainables import metrics

FACES, LANDMARKS = 12, 5


@pytest.fixture
def recorded(ledger: FakeLedger) -> tuple[FakeLedger, dict[str, float], dict[str, float]]:
    """One evaluation "e" of twelve images, four of them "occluded"; its metrics as a trial records them."""
    generator = np.random.default_rng(0)
    errors_px = generator.uniform(1, 12, (FACES, LANDMARKS))
    norms = {name: generator.uniform(60, 120, FACES) for name in ("io", "ip", "box", "diag", "width")}
    norms["io"][3] = np.nan  # a face without eyes
    for index in range(FACES):
        ledger.add(
            "images", evaluation="e", trial="t", image=f"{index}.jpg", group=f"person {index // 2}",
            tags=["occluded"] if index % 3 == 0 else [], nme_io=float(metrics.nme(errors_px, norms["io"])[index]),
            errors_px=errors_px[index], errors_crop=errors_px[index] / 256,
            **{f"norm_{name}": float(length[index]) for name, length in norms.items()},
        )  # fmt: skip
    rounded = errors_px.astype(np.float32).astype(float), (errors_px / 256).astype(np.float32).astype(float)

    def summary(rows: np.ndarray) -> dict[str, float]:
        found = metrics.summary(rounded[0][rows], rounded[1][rows], {name: each[rows] for name, each in norms.items()})
        return {name: value for name, (value, _) in found.items()}

    return ledger, summary(np.arange(FACES)), summary(np.arange(0, FACES, 3))


OF_IMAGES = (
    *("nme_io", "nme_ip", "nme_box", "nme_diag", "nme_width", "nme_crop_diag", "nrmse_width"),
    *("auc_io_8", "auc_ip_10", "auc_box_7", "fr_io_8", "fr_io_10", "fr_box_7"),
)


@pytest.mark.parametrize("metric", OF_IMAGES)
def test_the_mean_over_images_is_the_recorded_metric(recorded, metric):
    ledger, whole, occluded = recorded
    values = ImageValues(ledger)
    found = values.of("e", metric, "all", whole[metric])
    part = values.of("e", metric, "occluded", occluded[metric])
    assert found is not None and part is not None
    assert np.nanmean(found[1]) == pytest.approx(whole[metric])
    assert np.nanmean(part[1]) == pytest.approx(occluded[metric])
    assert np.count_nonzero(~np.isnan(part[1])) <= 4


def test_a_share_of_successes_is_what_failures_leave(recorded):
    ledger, whole, _ = recorded
    assert ImageValues(ledger).of("e", "success_io_8", "all", 1 - whole["fr_io_8"]) is not None


def test_what_is_no_mean_over_images_has_no_values(recorded):
    ledger, whole, _ = recorded
    assert all(ImageValues(ledger).of("e", name, "all", whole[name]) is None for name in ("mse", "accuracy_3px"))
    assert ImageValues(ledger).of("e", "parameters", "all", 1e6) is None


def test_images_that_do_not_give_the_recorded_mean_are_not_about_it(recorded):
    ledger, whole, _ = recorded
    assert ImageValues(ledger).of("e", "nme_io", "all", whole["nme_io"] * 1.001) is None


def test_an_evaluation_without_images_has_none_and_is_asked_for_once(ledger):
    values = ImageValues(ledger)
    assert [values.of("unknown", name, "all", 0.1) for name in ("nme_io", "nme_ip")] == [None, None]
    assert ledger.reads == ["images"]


def test_errors_alone_are_enough_for_their_own_metrics(ledger):
    ledger.add_seeds("demo", "plain", [[0.05, 0.15]])
    evaluation = identity(identity(identity("demo", "plain"), 0), "test")
    values = ImageValues(ledger)
    assert values.of(evaluation, "fr_io_10", "all", 0.5) is not None
    assert values.of(evaluation, "nme_ip", "all", 0.1) is None

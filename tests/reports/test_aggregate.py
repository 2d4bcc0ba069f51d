"""Averages: the right number, or a refusal that names both sides."""

from dataclasses import replace

import pytest

from reports.aggregate import Measurement, mean_over_seeds, paired_difference

ONE = Measurement(
    value=0.060, metric="nme_io", trial="t0", seed=0, variant="plain", evaluation="e0", dataset="ytf68",
    data_digest="digest-a", split="test", subset="all", protocol="box × 1.25", images=393,
)  # fmt: skip


def seeds(*values: float, variant: str = "plain") -> list[Measurement]:
    return [
        replace(ONE, value=value, seed=seed, variant=variant, trial=f"{variant}{seed}", evaluation=f"e{variant}{seed}")
        for seed, value in enumerate(values)
    ]


def test_mean_and_sample_standard_deviation_over_seeds():
    summary = mean_over_seeds(seeds(0.06, 0.07, 0.08))
    assert summary.mean == pytest.approx(0.07)
    assert summary.spread == pytest.approx(0.01)  # √((.01² + 0 + .01²) / 2)
    assert (summary.n, summary.seeds, summary.trials) == (3, (0, 1, 2), ("plain0", "plain1", "plain2"))


def test_one_seed_has_no_spread():
    assert mean_over_seeds([ONE]).spread is None


@pytest.mark.parametrize(
    ("field", "other"),
    [("variant", "augmented"), ("protocol", "detector box"), ("data_digest", "digest-b"), ("dataset", "300w"),
     ("split", "val"), ("subset", "occluded"), ("metric", "nme_ip"), ("perturbation", "JPEG quality 10")],
)  # fmt: skip
def test_two_different_quantities_are_not_averaged_and_the_error_names_both(field, other):
    mixed = [ONE, replace(ONE, seed=1, trial="t1", **{field: other})]
    with pytest.raises(ValueError, match="cannot be averaged") as error:
        mean_over_seeds(mixed)
    for name in (repr(getattr(ONE, field)), repr(other), "t0", "t1"):
        assert name in str(error.value)


def test_a_seed_does_not_count_twice():
    with pytest.raises(ValueError, match=r"Seed 0 .* twice .* e0 and e0-flipped"):
        mean_over_seeds([ONE, replace(ONE, evaluation="e0-flipped")])


def test_one_infinite_error_makes_an_infinite_mean_without_a_spread():
    summary = mean_over_seeds(seeds(0.06, float("inf"), 0.08))
    assert (summary.mean, summary.spread, summary.n) == (float("inf"), None, 3)


def test_nan_is_refused():
    with pytest.raises(ValueError, match="nme_io on test of trial plain1 is nan"):
        mean_over_seeds(seeds(0.06, float("nan")))


def test_two_infinite_errors_have_no_difference_and_one_has_an_infinite_one():
    infinite, finite = seeds(float("inf"), variant="broken"), seeds(0.07)
    assert paired_difference(infinite, seeds(float("inf"))) is None
    for ours, baseline, difference in ((infinite, finite, float("inf")), (finite, infinite, float("-inf"))):
        summary = paired_difference(ours, baseline)
        assert summary is not None and summary.mean == difference


def test_nothing_has_no_mean():
    with pytest.raises(ValueError, match="No measurement"):
        mean_over_seeds([])


def test_a_difference_pairs_the_seeds_that_both_have():
    ours, baseline = seeds(0.05, 0.06, variant="augmented"), seeds(0.08, 0.07, 0.01)
    summary = paired_difference(ours, baseline)
    assert summary is not None
    assert summary.values == pytest.approx((-0.03, -0.01))
    assert summary.mean == pytest.approx(-0.02)
    assert summary.spread == pytest.approx(0.0141421356)  # √(.01² + .01²)
    assert summary.trials == ("augmented0", "augmented1", "plain0", "plain1")


def test_a_difference_across_protocols_is_refused():
    with pytest.raises(ValueError, match="Two protocols"):
        paired_difference([replace(ONE, protocol="detector box")], [ONE])


def test_two_decoders_are_compared_only_where_that_is_asked_for():
    one_hot, two_hot = ([replace(ONE, decoder=name, value=value)] for name, value in (("a", 0.08), ("b", 0.06)))
    with pytest.raises(ValueError, match="Two decoders"):
        paired_difference(one_hot, two_hot)
    summary = paired_difference(one_hot, two_hot, between="decoder")
    assert summary is not None
    assert summary.mean == pytest.approx(0.02)
    assert summary.trials == ("t0",)  # one network, read twice
    with pytest.raises(ValueError, match="Two metrics"):
        paired_difference(one_hot, [replace(two_hot[0], metric="nme_ip")], between="decoder")


def test_without_common_seeds_there_is_no_difference():
    assert paired_difference([replace(ONE, seed=5)], [ONE]) is None
    assert paired_difference([], [ONE]) is None

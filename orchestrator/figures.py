"""Metrics and times as people read them while trials run. Tables of a report have words of their own."""

from collections.abc import Mapping
from typing import Any


def figure(metric: str, value: float | None) -> str:
    """A metric's value for people; empty where there is none."""
    if value is None:
        return ""
    if "nme" in metric:
        return f"{100 * value:.2f} %"
    return f"{value:.4f}" if abs(value) < 100 else f"{value:.4g}"


def judged(by: str, metrics: Mapping[str, Any]) -> tuple[str, float] | None:
    """The metric that judges landmarks, or pictures where there are none, and its value; None for neither."""
    for name in (f"{by}_nme_io", f"{by}_picture_l1"):
        if metrics.get(name) is not None:
            return name, metrics[name]
    return None


def verdict(metric: str, value: float | None) -> str:
    """A judgement in words: "val NME 7.12 %"; empty where there is none."""
    if value is None:
        return ""
    by, what = ("nme_io", "NME") if metric.endswith("nme_io") else ("picture_l1", "picture error")
    return f"{metric.removesuffix(by).replace('_', ' ')}{what} {figure(metric, value)}"


def duration(seconds: float) -> str:
    """For people: 42 s, 3 min 05 s, 2 h 10 min."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"

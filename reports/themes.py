"""Colours of figures, for light and for dark paper."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    paper: str
    ink: str
    quiet: str
    grid: str
    series: tuple[str, ...]


# Okabe and Ito's palette without its yellow, which print loses; on dark paper the same hues, lighter.
LIGHT = Theme(
    "#ffffff", "#1d1d1f", "#6b6b70", "#e4e4e7",
    ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000"),
)  # fmt: skip
DARK = Theme(
    "#17191d", "#e8e6e1", "#9a9a9f", "#2e3138",
    ("#4aa8e0", "#f58a3c", "#2fc79a", "#e39cc4", "#9bd4f5", "#f2bd45", "#e8e6e1"),
)  # fmt: skip

TRUTH, PREDICTION = "#2fd6a5", "#ff6a1f"  # on photographs, in both themes

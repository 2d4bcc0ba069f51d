"""Ticks of logarithmic axes: few enough to be read, and large numbers as powers of ten."""

from collections.abc import Sequence

from matplotlib.axis import Axis
from matplotlib.ticker import LogLocator

from reports import labels

DETAILED = 300.0  # two decades with the margins of an axis: beyond this range only powers of ten have ticks


def set_log_ticks(axis: Axis, subs: Sequence[float] = (1.0, 2.0, 5.0), detailed: float = DETAILED) -> None:
    """`subs`: what a power of ten is multiplied by, where the ends of the axis differ by no more than `detailed`."""
    axis.set_major_locator(_LogTicks(subs, detailed))
    axis.set_major_formatter(lambda value, _: labels.short_number(value))


class _LogTicks(LogLocator):
    """Decides when it draws, because panels that share an axis widen it for each other."""

    def __init__(self, subs: Sequence[float], detailed: float) -> None:
        super().__init__()
        self._detailed_subs, self._detailed = subs, detailed

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        self.set_params(subs=self._detailed_subs if vmax <= self._detailed * vmin else (1.0,))
        return super().tick_values(vmin, vmax)

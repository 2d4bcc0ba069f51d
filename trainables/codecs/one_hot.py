"""One-hot: the landmark is the centre of the largest cell."""

from trainables.codecs.decoder import Decoder, Peaks, Points
from trainables.config import config


@config
class OneHot(Decoder):
    """μ̂ = argmax H. Source: bao2023keyposs Eq. 5."""

    def locate(self, peaks: Peaks) -> Points:
        return peaks.cells

    def describe(self) -> str:
        return "one-hot"

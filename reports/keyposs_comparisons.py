"""Every decoder of paper 002 against KeyPosS on the same heatmaps: paired by seed, and by photograph."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from reports import keyposs, labels, literature
from reports.comparisons import Compared, Reading, compare
from reports.keyposs import DataSet, Encoding
from reports.query import Results, StudyResults, Variant

RIVALS = (keyposs.ONE_HOT, keyposs.TWO_HOT, keyposs.DARK)
ENCODINGS: tuple[Encoding, ...] = ("biased", "unbiased")

# The rows of the paper's Table 5: name there, encoding and decoder.
PUBLISHED: dict[str, tuple[Encoding, str]] = {
    "One-hot": ("biased", keyposs.ONE_HOT),
    "Two-hot": ("biased", keyposs.TWO_HOT),
    "KeyPosS (Biased)": ("biased", keyposs.KEYPOSS),
    "Distribution-Aware": ("unbiased", keyposs.DARK),
    "KeyPosS (Unbiased)": ("unbiased", keyposs.KEYPOSS),
}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A decoder minus KeyPosS on maps of one size and encoding: above zero, KeyPosS is better. Fractions."""

    data: DataSet
    size: int
    encoding: Encoding
    decoder: str
    compared: Compared

    @property
    def title(self) -> str:
        return f"{keyposs.TITLES[self.decoder]}, {self.encoding}"


@lru_cache(maxsize=1)  # two tables ask, and resampling takes seconds
def comparisons(results: Results) -> tuple[Comparison, ...]:
    """All that are measured, by data set and size."""
    return tuple(_comparisons(results))


def _comparisons(results: Results) -> Iterator[Comparison]:
    for data in keyposs.DATA_SETS:
        study = results.study(data.study)
        for size in keyposs.sizes(results, data) if study else ():
            for encoding in ENCODINGS:
                variant = study.variant(keyposs.label(size, encoding)) if study else None
                for decoder in RIVALS if variant else ():
                    assert study and variant
                    if (found := _compare(study, variant, data, size, encoding, decoder)) is not None:
                        yield found


def _compare(
    study: StudyResults, variant: Variant, data: DataSet, size: int, encoding: Encoding, decoder: str
) -> Comparison | None:
    rival, ours = (
        Reading(study=study, variant=variant, decoder=keyposs.asked_decoder(variant, one))
        for one in (decoder, keyposs.KEYPOSS)
    )
    found = compare(rival, ours, keyposs.SPLIT, data.metric)
    if found is None:
        return None
    return Comparison(data=data, size=size, encoding=encoding, decoder=decoder, compared=found)


def contradictions(found: tuple[Comparison, ...]) -> list[str]:
    """Where photographs reverse the order of two rows of the paper's Table 5 beyond the interval, in words.

    The paper's order at a size is that of all its data sets, where they agree.
    """
    words = []
    for one in found:
        order = _published_order(one)
        by_person = one.compared.by_person
        if by_person is None or not one.data.photographs or not by_person.is_sure or order == 0:
            continue
        if np.sign(by_person.mean) == -order:
            rival, ours = keyposs.TITLES[one.decoder], keyposs.TITLES[keyposs.KEYPOSS]
            winner, loser = (rival, ours) if by_person.mean < 0 else (ours, rival)
            column = labels.column("nme_io", keyposs.SPLIT)
            by = labels.number(abs(by_person.mean), column)
            words.append(f"{one.data.title} {keyposs.label(one.size, one.encoding)}: {winner} beats {loser} by {by} pp")
    return words


def _published_order(one: Comparison) -> int:
    """1 where the paper's KeyPosS is better than this decoder on all its data sets, −1 where worse, 0 if mixed."""
    names = {row: name for name, row in PUBLISHED.items()}
    rival, ours = names.get((one.encoding, one.decoder)), names[one.encoding, keyposs.KEYPOSS]
    printed: dict[tuple[str, str], float] = {
        (cell.dataset, cell.method): cell.number
        for cell in literature.read("002", "table5")
        if cell.subset == f"heatmap {one.size}" and cell.number is not None
    }
    signs = {
        int(np.sign(value - printed[dataset, ours])) for (dataset, method), value in printed.items() if method == rival
    } - {0}
    return signs.pop() if len(signs) == 1 else 0

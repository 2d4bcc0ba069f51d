"""Every decoder of paper 002 against KeyPosS on the same heatmaps: paired by seed, and by photograph."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from reports import aggregate, cells, keyposs, labels, literature
from reports.errors_by_image import error_by_image, paired_by_image
from reports.keyposs import DataSet, Encoding
from reports.query import Results, StudyResults, Variant
from reports.significance import PairedByPerson

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
    """A decoder minus KeyPosS on maps of one size and encoding: above zero, KeyPosS is better. Fractions.

    `by_seed` is of the data set's own metric; `by_person` of the mean error of each photograph over the seeds.
    """

    data: DataSet
    size: int
    encoding: Encoding
    decoder: str
    protocol: str
    by_seed: aggregate.Summary
    by_person: PairedByPerson | None

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
                variant = keyposs.find(study, size, encoding) if study else None
                for decoder in RIVALS if variant else ():
                    assert study and variant
                    if (found := _compare(study, variant, data, size, encoding, decoder)) is not None:
                        yield found


def _compare(
    study: StudyResults, variant: Variant, data: DataSet, size: int, encoding: Encoding, decoder: str
) -> Comparison | None:
    texts = [keyposs.asked_decoder(variant, one) for one in (decoder, keyposs.KEYPOSS)]
    values = [study.values(variant, keyposs.SPLIT, data.metric, decoder=text) for text in texts]
    summary = aggregate.paired_difference(*values, between="decoder")
    if summary is None:
        return None
    trials = tuple(dict.fromkeys(summary.trials))
    rival, ours = (error_by_image(study, variant, keyposs.SPLIT, trials, data.metric, text) for text in texts)
    return Comparison(
        data=data,
        size=size,
        encoding=encoding,
        decoder=decoder,
        protocol=cells.protocol(values[0][0]),
        by_seed=summary,
        by_person=paired_by_image(rival, ours),
    )


def contradictions(found: tuple[Comparison, ...]) -> list[str]:
    """Where photographs reverse the order of two rows of the paper's Table 5 beyond the interval, in words.

    The paper's order at a size is that of all its data sets, where they agree.
    """
    words = []
    for one in found:
        order = _published_order(one)
        if one.by_person is None or not one.data.photographs or not one.by_person.is_sure or order == 0:
            continue
        if np.sign(one.by_person.mean) == -order:
            rival, ours = keyposs.TITLES[one.decoder], keyposs.TITLES[keyposs.KEYPOSS]
            winner, loser = (rival, ours) if one.by_person.mean < 0 else (ours, rival)
            column = labels.column("nme_io", keyposs.SPLIT)
            by = labels.number(abs(one.by_person.mean), column)
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

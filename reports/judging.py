"""What a finished table says of its own numbers: which lead, which differ from the baseline, how sure each is.

A number stands for its images where the ledger has them. Two numbers are compared on the same images, by the mean over
the seeds that both have, and one person counts once. The test knows nothing of luck in training, so two numbers only
count as different where, besides, every seed agrees on the direction, and so do most persons and the printed numbers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reports import labels
from reports.document import Cell, Column, Note, Row, Table
from reports.image_values import Measured
from reports.query import Results
from reports.ranking import ranked
from reports.significance import CONFIDENCE, NUM_RESAMPLES, bootstrap_intervals, holm, rank_biserial, signed_rank_p

ALPHA = 1 - CONFIDENCE
FEWEST_SEEDS = 3  # that both sides have, for a mark of significance
MOST_ROWS = 50  # of ours: who compares more looks at a search, not at a table of a paper
DIFFERS, OTHERWISE, BRACKETS = "†", "‡", "[ ]"

Array = NDArray[np.floating]


def judged(results: Results, table: Table) -> Table:
    """The table with ranks, marks of significance, intervals, commits, and notes of what marks mean."""
    judge = _Judge(results, table)
    table = judge.with_intervals(table)
    table = judge.with_marks(ranked(table, judge.tells_apart))
    table = _with_commits(results, _with_other_protocols(table))
    return _with_legends(table, judge.tested)


@dataclass(frozen=True, kw_only=True)
class _Test:
    """Two numbers on the same images, by the seeds that both have. `agrees`: whether each of these seeds, most persons
    and the two numbers as they are printed all say that the same one is lower."""

    p: float
    agrees: bool
    num_seeds: int


@dataclass(frozen=True, kw_only=True)
class _OfImages:
    """A number as a mean over seeds and images: the metric of each image by seed, on the images of `measured`."""

    measured: Measured
    by_seed: dict[int, Array]

    def mean(self, seeds: Sequence[int]) -> Array:
        return np.mean([self.by_seed[seed] for seed in seeds], axis=0)


class _Judge:
    """Compares the cells of one table. Reads the images of all of them at once, or of none where they are too many."""

    def __init__(self, results: Results, table: Table) -> None:
        self._values = results.image_values
        self._reads = sum(row.source == "ours" for row in table.rows) <= MOST_ROWS
        self.tested: set[Column] = set()
        if self._reads:
            self._values.load(one for _, cell in _numbers(table) for one in cell.evaluations)

    def with_intervals(self, table: Table) -> Table:
        """Numbers of the same images are resampled together."""
        groups: dict[bytes, list[tuple[int, int, _OfImages]]] = {}
        for index, row in enumerate(table.rows):
            for place, (of, cell) in enumerate(zip(table.columns, row.cells, strict=True)):
                if not of.difference and (found := self._of_images(of, cell)):
                    groups.setdefault(found.measured.persons.tobytes(), []).append((index, place, found))
        cells = [list(row.cells) for row in table.rows]
        for members in groups.values():
            intervals = _intervals([found for *_, found in members])
            for (index, place, _), interval in zip(members, intervals, strict=True):
                cells[index][place] = replace(cells[index][place], interval=interval)
        rows = (replace(row, cells=tuple(mine)) for row, mine in zip(table.rows, cells, strict=True))
        return replace(table, rows=tuple(rows))

    def tells_apart(self, of: Column, best: Cell, others: Sequence[Cell]) -> list[bool | None]:
        """Whether each differs from the best; p is corrected for their number. None where there are no images."""
        tests = [self._test(of, best, other) for other in others]
        corrected = iter(holm([test.p for test in tests if test]))
        return [next(corrected) < ALPHA and test.agrees if test else None for test in tests]

    def with_marks(self, table: Table) -> Table:
        """A mark at each number that differs from the baseline's, p corrected for all comparisons of the table."""
        compared: dict[tuple[int, int], _Test] = {}
        for index, row in enumerate(table.rows):
            baseline = _baseline_of(row, table.rows)
            for place, of in enumerate(table.columns if baseline else ()):
                if of.compare and not of.difference and baseline:
                    cell, theirs = row.cells[place], baseline.cells[place]
                    test = self._test(of, cell, theirs) if cell.protocol == theirs.protocol else None
                    if test and test.num_seeds >= FEWEST_SEEDS:
                        compared[index, place] = test
        if not compared:
            return table
        corrected = dict(zip(compared, holm([test.p for test in compared.values()]), strict=True))
        marked = {at for at, test in compared.items() if corrected[at] < ALPHA and test.agrees}
        note = Note(DIFFERS, _about_differences(len(compared), any_found=bool(marked)))
        return _marked(table, marked, note)

    def _test(self, of: Column, one: Cell, other: Cell) -> _Test | None:
        ours, theirs = self._of_images(of, one), self._of_images(of, other)
        if ours is None or theirs is None:
            return None
        seeds = [seed for seed in ours.by_seed if seed in theirs.by_seed]
        if not seeds:
            return None
        images, mine, others = np.intersect1d(ours.measured.images, theirs.measured.images, return_indices=True)
        if not len(images) == len(ours.measured.images) == len(theirs.measured.images):
            return None
        differences = ours.mean(seeds)[mine] - theirs.mean(seeds)[others]
        by_person = _by_person(differences, ours.measured.persons[mine])
        if len(by_person) < 2 or not np.isfinite(by_person).all():
            return None
        self.tested.add(of)
        agrees = _agree(one, other, seeds, rank_biserial(by_person))
        return _Test(p=signed_rank_p(by_person), agrees=agrees, num_seeds=len(seeds))

    def _of_images(self, of: Column, cell: Cell) -> _OfImages | None:
        """None where the number is no mean over images that the ledger has, the same for every seed."""
        is_known = cell.source == "ours" and cell.evaluations and len(cell.evaluations) == len(cell.seed_values)
        if not self._reads or cell.value is None or cell.difference or of.difference or not is_known:
            return None
        by_seed: dict[int, Array] = {}
        first: Measured | None = None
        for seed, evaluation, value in zip(cell.seeds, cell.evaluations, cell.seed_values, strict=True):
            found = self._values.of(evaluation, of.metric, of.subset, value)
            if found is None or (first is not None and not np.array_equal(first.images, found[0].images)):
                return None
            first, by_seed[seed] = first or found[0], found[1]
        return None if first is None else _OfImages(measured=first, by_seed=by_seed)


def _numbers(table: Table) -> Iterator[tuple[Column, Cell]]:
    for row in table.rows:
        for of, cell in zip(table.columns, row.cells, strict=True):
            if cell.value is not None and cell.source == "ours" and not of.difference:
                yield of, cell


def _by_person(values: Array, persons: NDArray[np.str_]) -> Array:
    """The mean of each person's images that have a value."""
    known = ~np.isnan(values)
    _, person = np.unique(persons[known], return_inverse=True)
    return np.bincount(person, weights=values[known]) / np.bincount(person)


def _intervals(numbers: Sequence[_OfImages]) -> list[tuple[float, float] | None]:
    """Of numbers about the same persons; None where there is only one of them, or an infinite error."""
    persons, person = np.unique(numbers[0].measured.persons, return_inverse=True)
    sums = np.zeros((len(persons), len(numbers)))
    counts = np.zeros_like(sums)
    for place, one in enumerate(numbers):
        values = one.mean(list(one.by_seed))
        known = ~np.isnan(values)
        sums[:, place] = np.bincount(person[known], weights=values[known], minlength=len(persons))
        counts[:, place] = np.bincount(person[known], minlength=len(persons))
    is_sure = np.isfinite(sums).all(axis=0) & ((counts > 0).sum(axis=0) > 1)
    found: list[tuple[float, float] | None] = [None] * len(numbers)
    if is_sure.any():
        intervals = bootstrap_intervals(sums[:, is_sure], counts[:, is_sure])
        for place, (low, high) in zip(np.flatnonzero(is_sure), intervals, strict=True):
            found[place] = float(low), float(high)
    return found


def _agree(one: Cell, other: Cell, seeds: Sequence[int], effect: float) -> bool:
    ours, theirs = (dict(zip(cell.seeds, cell.seed_values, strict=True)) for cell in (one, other))
    printed = (one.value or 0.0) - (other.value or 0.0)
    signs = {float(np.sign(each)) for each in (*(ours[seed] - theirs[seed] for seed in seeds), printed, effect)}
    return len(signs) == 1 and 0.0 not in signs


def _baseline_of(row: Row, rows: Sequence[Row]) -> Row | None:
    if row.is_baseline or row.source != "ours":
        return None
    mine = [other for other in rows if other.is_baseline and (other.group, other.study) == (row.group, row.study)]
    return mine[0] if len(mine) == 1 else None


def _marked(table: Table, places: set[tuple[int, int]], note: Note) -> Table:
    mark = (note.mark,)
    rows = (
        replace(
            row,
            cells=tuple(
                replace(cell, marks=cell.marks + mark) if (index, place) in places else cell
                for place, cell in enumerate(row.cells)
            ),
        )
        for index, row in enumerate(table.rows)
    )
    return replace(table, rows=tuple(rows), notes=(*table.notes, note))


def _about_differences(num: int, any_found: bool) -> str:
    how = (
        f"p < {ALPHA:.2g} by Wilcoxon's signed-rank test over persons, corrected by Holm for the {num} comparisons of "
        f"this table, and every seed agrees. Fewer than {FEWEST_SEEDS} seeds are not tested."
    )
    return f"Differs from the baseline: {how}" if any_found else f"No number differs from the baseline: {how}"


def _with_other_protocols(table: Table) -> Table:
    """A mark at each published number that was measured in another way than ours, and one note of all the ways."""
    places = {
        (index, place): cell.differs
        for index, row in enumerate(table.rows)
        for place, cell in enumerate(row.cells)
        if cell.differs
    }
    if not places:
        return table
    reasons = "; ".join(dict.fromkeys(places.values()))
    return _marked(table, set(places), Note(OTHERWISE, f"Measured in another way than ours: {reasons}."))


def _with_commits(results: Results, table: Table) -> Table:
    def commits(cell: Cell) -> tuple[str, ...]:
        rows = [results.trials[trial] for trial in cell.trials if trial in results.trials]
        return tuple(dict.fromkeys(_commit(row["git_commit"], row["git_dirty"]) for row in rows if row["git_commit"]))

    rows = (replace(row, cells=tuple(replace(cell, commits=commits(cell)) for cell in row.cells)) for row in table.rows)
    return replace(table, rows=tuple(rows))


def _commit(commit: str, is_dirty: bool) -> str:
    return f"{commit[:12]}{'+' if is_dirty else ''}"  # a plus: with changes that were not committed


def _with_legends(table: Table, tested: set[Column]) -> Table:
    """What the best of a column means, and what the brackets of a single seed are."""
    legend = _legend(table, tested)
    if not any(cell.interval is not None and cell.n == 1 for row in table.rows for cell in row.cells):
        return replace(table, legend=legend)
    about = f"{CONFIDENCE:.0%} interval of a single seed's mean over images: {NUM_RESAMPLES:,} resamples of persons."
    return replace(table, legend=legend, notes=(*table.notes, Note(BRACKETS, about)))


def _legend(table: Table, tested: set[Column]) -> str:
    leads = [any(row.cells[place].rank == "best" for row in table.rows) for place in range(len(table.columns))]
    columns = [of for of, is_led in zip(table.columns, leads, strict=True) if is_led]
    if not columns:
        return ""
    best = "the best of our rows on the same data"
    if tested.isdisjoint(columns):
        return f"{best}, by what is printed"
    tied = f"{best}, with all that a paired test over persons, corrected in its column, does not tell from it"
    by_print = dict.fromkeys(labels.column_title(of) for of in columns if of not in tested)
    return f"{tied} (of {', '.join(by_print)} by what is printed)" if by_print else tied

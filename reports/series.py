"""Which colour stands for a variant: the same in every figure, and in every study that has one of its name."""

from collections.abc import Mapping, Sequence


def numbered(labels: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], int]:
    """(study, label) → a number, from the labels of each study: 0 is the first colour.

    Within a study every label has its own, and the smallest that are free. A label that an earlier study has keeps its
    number, so that a method looks the same everywhere.
    """
    known: dict[str, int] = {}
    found: dict[tuple[str, str], int] = {}
    for study, mine in labels.items():
        kept = [label for label in dict.fromkeys(mine) if known.get(label, len(set(mine))) < len(set(mine))]
        taken = {known[label]: label for label in reversed(kept)}  # of two that want one number the first has it
        free = (number for number in range(len(set(mine))) if number not in taken)
        for label in dict.fromkeys(mine):
            number = known[label] if label in taken.values() else next(free)
            found[study, label] = number
            known.setdefault(label, number)
    return found

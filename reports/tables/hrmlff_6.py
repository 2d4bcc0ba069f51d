"""Paper 000, Fig. 6(c): what noise, blur and less resolution cost each network.

Source: kozlowska2026hrmlff Fig. 6(c).
"""

from dataclasses import replace

from reports import cells, hrmlff, labels
from reports.document import Cell, Column, Note, Row, Table
from reports.perturbations import against_clean, perturbations
from reports.query import Results, StudyResults

STUDIES = hrmlff.STUDIES
AS_THEY_ARE = "as they are"

NOTES = (
    Note(
        "a",
        "The paper draws this without numbers. Of levels it names noise of “30 %”, under which the error rises "
        "little, and “strong” motion blur. 30 % may be the standard deviation of the noise in shares of the full "
        "range, or the share of noisy pixels: both are here.",
    ),
)


def wants(label: str, way: tuple[str, str, str]) -> bool:
    """Whether a study's measurement stands in this table: every network's, on test faces perturbed or not."""
    split, _, decoder = way
    return not hrmlff.change(label) and split == hrmlff.SPLIT and not decoder


def build(results: Results) -> Table:
    networks = hrmlff.networks(results)
    columns = tuple(column for network in networks for column in _columns(network))
    return Table(
        name="hrmlff_6",
        title="Robustness",
        caption="Paper 000, Fig. 6(c): NME on perturbed test faces by network, its difference to the same networks' "
        "on the faces as they are, paired by seed, and the share of faces with an NME above 10 %. Mean ± sample "
        "standard deviation over n seeds. Lengths are px of the network's input.",
        columns=columns,
        rows=tuple(row for data in hrmlff.DATA_SETS for row in _rows(results, data, networks, columns)),
        notes=NOTES,
    )


def _columns(network: str) -> tuple[Column, ...]:
    # Rows are perturbed in different ways, so that the best of a column would mean nothing.
    error, failures = (
        labels.column(name, hrmlff.SPLIT, compare=False, group=network) for name in ("nme_io", "fr_io_10")
    )
    return error, replace(error, difference=True), failures


def _rows(results: Results, data: hrmlff.DataSet, networks: tuple[str, ...], columns: tuple[Column, ...]) -> list[Row]:
    study = results.study(data.study)
    if study is None:
        return list(cells.study_rows(results, data.study, columns, group=data.title))
    return [
        Row(
            label=words or AS_THEY_ARE,
            group=data.title,
            cells=tuple(cell for network in networks for cell in _cells(study, network, words)),
            marks=("a",) if "noise" in words else (),
            study=study.name,
        )
        for words in ("", *(one.words for one in perturbations(study, hrmlff.SPLIT)))
    ]


def _cells(study: StudyResults, network: str, words: str) -> tuple[Cell, ...]:
    error, difference, failures = _columns(network)
    variant = study.variant(network)
    if variant is None:
        return (cells.NOT_ASKED,) * 3
    return (
        cells.measured(study, variant, error, words),
        against_clean(study, variant, difference, words) if words else Cell(text=labels.MISSING),
        cells.measured(study, variant, failures, words),
    )

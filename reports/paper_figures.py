"""The figures of the four papers: which kind of ours redraws each, and which studies fill it."""

from collections.abc import Collection
from dataclasses import dataclass

from reports import hrmlff, keyposs, resnet18_dots, sht
from reports.query import run_command

KEYPOSS_1 = tuple(f"keyposs_1_{data}" for data in ("scattered", "300w", "ytf68", "synthetic"))
OF_LARGE_FACES = tuple(data.study for data in sht.OF_LARGE_FACES)
OF_SMALL_FACES = tuple(data.study for data in sht.OF_SMALL_FACES)


@dataclass(frozen=True, kw_only=True)
class PaperFigure:
    """`kind`: its module in figures/; "" for a sketch of a network, which `command` prints instead. Each of `studies`
    fills it."""

    where: str
    content: str
    kind: str = ""
    studies: tuple[str, ...] = ()
    command: str = ""

    @property
    def commands(self) -> tuple[str, ...]:
        return (self.command,) if self.command else tuple(map(run_command, self.studies))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the figures that are it: one for all studies, or one of each study."""
        return (self.kind, *(f"{study}_{self.kind}" for study in self.studies))


PAPER_FIGURES = (
    PaperFigure(where="000, Figs. 1 and 2", content="network", command="marksweep methods hrmlff --modules"),
    PaperFigure(where="000, Fig. 3(a)", content="error by network", kind="networks", studies=hrmlff.STUDIES),
    PaperFigure(where="000, Fig. 3(b)", content="error by kind of face", kind="kinds_of_face", studies=hrmlff.STUDIES),
    PaperFigure(where="000, Fig. 3(c)", content="error by data set", kind="hrmlff_errors", studies=hrmlff.STUDIES),
    PaperFigure(where="000, Fig. 3(d)", content="area by data set", kind="hrmlff_areas", studies=hrmlff.STUDIES),
    PaperFigure(where="000, Fig. 4", content="one setting at a time", kind="effects", studies=hrmlff.STUDIES),
    PaperFigure(where="000, Fig. 5", content="faces seen by every network", kind="gallery", studies=hrmlff.STUDIES),
    PaperFigure(where="000, Fig. 6(a)", content="errors of faces", kind="error_histogram", studies=hrmlff.STUDIES),
    PaperFigure(where="000, Fig. 6(b)", content="error by landmark", kind="error_map", studies=hrmlff.STUDIES),
    PaperFigure(where="000, Fig. 6(c)", content="noise, blur, resolution", kind="robustness", studies=hrmlff.STUDIES),
    PaperFigure(where="000, Fig. 7", content="failures", kind="failures", studies=hrmlff.STUDIES),
    PaperFigure(where="001, Fig. 1", content="workflow", command="marksweep methods resnet18 --modules"),
    PaperFigure(
        where="001, Fig. 2", content="error by epoch", kind="loss_curves", studies=resnet18_dots.STUDIES
    ),
    PaperFigure(
        where="001, Fig. 3", content="accuracy beside D-ViT", kind="resnet18_accuracy", studies=resnet18_dots.STUDIES
    ),
    PaperFigure(
        where="001, Fig. 4", content="mean square error beside D-ViT", kind="resnet18_mse",
        studies=resnet18_dots.STUDIES,
    ),
    PaperFigure(
        where="001, Fig. 5", content="prediction and truth", kind="predictions", studies=resnet18_dots.STUDIES
    ),
    PaperFigure(where="002, Figs. 1 to 3", content="error by decoder", kind="error_by_size", studies=KEYPOSS_1),
    PaperFigure(where="002, Figs. 4 and 5", content="network", command="marksweep methods keyposs --modules"),
    PaperFigure(where="002, Fig. 6", content="anchors", kind="keyposs_anchors", studies=keyposs.STUDIES),
    PaperFigure(
        where="002, Fig. 7", content="prediction and truth by size", kind="decoded_faces", studies=keyposs.STUDIES
    ),
    PaperFigure(
        where="003, Fig. 1", content="error by resolution", kind="error_by_resolution",
        studies=(*OF_LARGE_FACES, sht.YTF68.study, sht.SYNTHETIC.study),
    ),
    PaperFigure(where="003, Figs. 2, 3 and 5", content="networks", command="marksweep methods dhln --modules"),
    PaperFigure(where="003, Fig. 4", content="gradient maps", kind="gradient_maps", studies=OF_SMALL_FACES),
    PaperFigure(where="003, Fig. 6", content="restored faces", kind="hallucination", studies=OF_SMALL_FACES),
    PaperFigure(where="003, Fig. 7", content="transferred faces", kind="transferred_faces", studies=OF_SMALL_FACES),
)  # fmt: skip


def waiting(drawn: Collection[str]) -> tuple[PaperFigure, ...]:
    """Those that no study has filled yet, and those that a command prints. `drawn`: the names of a report's figures."""
    return tuple(one for one in PAPER_FIGURES if not one.kind or not set(drawn).intersection(one.names))

"""A study: one question, as data."""

from collections import Counter
from pathlib import Path
from typing import Annotated

from pydantic import Field

from search_spaces.variants import Variant
from trainables.codecs.decoder import Decoder
from trainables.codecs.gaussian import Gaussian
from trainables.config import config, nearest
from trainables.trial import Evaluation, Trial

STUDIES = Path(__file__).parent / "studies"
MOST = 10_000  # seeds, or variants: a mistyped range must not fill the memory


@config
class Study:
    """Variants × seeds, each evaluated in the same ways. The first variant is the baseline of the others.

    A study's name is its file's name. Running it again runs what is missing; adding a seed runs that seed.
    """

    question: Annotated[str, Field(min_length=1)]
    variants: Annotated[tuple[Variant, ...], Field(min_length=1, max_length=MOST)]
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1, max_length=MOST)] = (0,)
    evaluations: tuple[Evaluation, ...] = (Evaluation(split="test"),)

    def __post_init__(self) -> None:
        times = Counter(variant.label for variant in self.variants)
        twice = sorted(label for label, count in times.items() if count > 1)
        if twice:
            raise ValueError(f"two variants are called {twice[0]!r}. Give each a label of its own, tables need it.")
        for data in (evaluation.data for evaluation in self.evaluations if evaluation.data is not None):
            for variant in self.variants:
                if data.scheme.name != variant.data.scheme.name:
                    raise ValueError(
                        f"{variant.label or 'a variant'} finds {variant.data.scheme.name} landmarks, but is evaluated "
                        f"on {data.kind} with {data.scheme.name}. Evaluate it on data of its own scheme."
                    )
        wanted = next(filter(None, (evaluation.heatmaps_read_by for evaluation in self.evaluations)), "")
        for variant in self.variants if wanted else ():
            if variant.method.heatmap_size is None and variant.method.finds_landmarks:
                raise ValueError(
                    f"{variant.label or 'a variant'} is read by {wanted}, but {variant.method.kind} has no heatmaps. "
                    "Give methods without heatmaps a study of their own."
                )
        for variant in self.variants:
            self._check_sigma(variant)
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"a seed occurs twice in {self.seeds}. Name each seed once.")

    def _check_sigma(self, variant: Variant) -> None:
        """Raises ValueError where a decoder takes the variant's heatmaps to have another σ than they are taught."""
        encoder = getattr(variant.method, "encoder", None)
        if not isinstance(encoder, Gaussian):
            return
        asked = [getattr(variant.method, "decoder", None), *(evaluation.decoder for evaluation in self.evaluations)]
        for decoder in asked:
            assumed = decoder.assumed_sigma if isinstance(decoder, Decoder) else None
            if assumed is not None and assumed != encoder.sigma:
                name = type(decoder).__name__
                raise ValueError(
                    f"{variant.label or 'a variant'} learns heatmaps of σ {encoder.sigma:g}, but is read by {name} as "
                    f"if they had σ {assumed:g}. Take {name}(sigma={encoder.sigma:g}), and a study of its own for "
                    "each σ."
                )

    def evaluations_of(self, variant: Variant) -> tuple[Evaluation, ...]:
        """Those that can be made, see `Evaluation.fits`."""
        return tuple(each for each in self.evaluations if each.fits(variant.method, variant.recipe))

    def trials(self) -> list[tuple[Variant, Trial]]:
        """Every trial of the study with its variant, seeds outermost, so that early results cover every variant."""
        return [(variant, variant.trial(seed)) for seed in self.seeds for variant in self.variants]


def study_names() -> list[str]:
    return sorted(path.stem for path in STUDIES.glob("*.py") if not path.stem.startswith("_"))


def study_path(name: str) -> Path:
    """The file of a study: a name below `studies/`, or the path of a user's own file. Raises ValueError."""
    if name.endswith(".py"):
        path = Path(name).resolve()
        if not path.is_file():
            raise ValueError(f"No study file {path}. Give the path of a .py file that sets STUDY.")
        return path
    if name not in study_names():
        if Path(f"{name}.py").is_file():
            raise ValueError(f"No study {name!r} in search_spaces/studies/. For your own file write: {name}.py")
        raise ValueError(f"No study {name!r} in search_spaces/studies/. {nearest(name, study_names())}")
    return STUDIES / f"{name}.py"

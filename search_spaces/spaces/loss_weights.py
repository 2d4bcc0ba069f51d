"""How much each term of HR-MLFF's loss counts. Source: kozlowska2026hrmlff Eqs. 11–13 (it prints no values)."""

from search_spaces.domains import Choice, LogUniform, Space
from search_spaces.variants import Variant


def space(of: Variant) -> Space:
    """For variants whose method has the `Composite` loss."""
    return Space(
        domains={
            "method.loss.wing_weight": LogUniform(
                low=0.01,
                high=1.0,
                why="Small errors cost ln(1 + |e|/ε) ≈ |e|/ε here and |e| in the first term: at 1 they count 1 + 1/ε "
                "times as much as without this term, at 0.01 hardly more.",
            ),
            "method.loss.epsilon": Choice(
                options={str(width): width for width in (0.05, 0.1, 0.2, 0.5)},
                why="Below it the logarithm is steep. A heatmap's values lie within 0 and 1 and its flank falls by "
                "about 0.2 a cell, so these are from a quarter of a cell to two cells and a half.",
            ),
            # δ2 and λ of Eq. 12 act as one product only: λ stays, and δ2 covers the products of both ranges.
            "method.loss.smoothness_weight": LogUniform(
                low=1e-4,
                high=10.0,
                why="The truth itself is not smooth: Σ(∇²H)² of a Gaussian of σ 1.5 is 2.4 a landmark. Above 10 × λ of "
                "0.01 flatness would outweigh the landmark, below 1e-4 nothing is left of the term.",
            ),
            "method.loss.schedule": Choice(
                options={name: name for name in ("constant", "validation")},
                why="The paper speaks of weights that follow the validation error, and prints no rule.",
            ),
        }
    )

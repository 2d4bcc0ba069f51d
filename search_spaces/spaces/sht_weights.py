"""How much each term of SHT's loss counts. Source: wan2026sht Eqs. 4 and 5 (its Implementation Details)."""

from search_spaces.domains import LogUniform, Space
from search_spaces.variants import Variant


def space(of: Variant) -> Space:
    """For variants of `dhln` with pose transfer. γ1, the weight of the landmarks, stays: only shares matter."""
    return Space(
        domains={
            "method.picture_weight": LogUniform(
                low=1e-3,
                high=1e-1,
                why="γ2 of the paper is 0.01, the geometric mean of these. A restored face is wrong by about 0.03, "
                "maps by 1e-4 to 1e-2 in all stacks: at 0.1 pictures lead, at 0.001 landmarks do.",
            ),
            "method.gradient_weight": LogUniform(
                low=1e-3,
                high=1e-1,
                why="γ3 of the paper is 0.01 too. Edges are wrong by as much as colours are, so the same bounds hold.",
            ),
            "method.transfer.adversarial_weight": LogUniform(
                low=5e-3,
                high=5e-1,
                why="λ1 of the paper is 0.05. Both discriminators together begin at 2 ln 2: at 0.005 the other two "
                "terms are as large.",
            ),
            "method.transfer.picture_weight": LogUniform(
                low=1e-3, high=1e-1, why="λ2 of the paper is 0.01; transferred faces are compared as restored ones are."
            ),
            "method.transfer.perceptual_weight": LogUniform(
                low=1e-3, high=1e-1, why="λ3 of the paper is 0.01; features differ by about as much as colours."
            ),
            "method.transfer.weight": LogUniform(
                low=1e-3,
                high=1.0,
                why="By the paper's weights pose transfer is a hundred times as large as all else together, and 1 is "
                "what it says; at 0.001 it hardly counts.",
            ),
        }
    )

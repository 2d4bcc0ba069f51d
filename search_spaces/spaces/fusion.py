"""Which parts HR-MLFF adds to HRNet. Source: kozlowska2026hrmlff Eqs. 2 and 5–9."""

from search_spaces.domains import Choice, Space
from search_spaces.variants import Variant

ON_OR_OFF = {"on": True, "off": False}


def space(of: Variant) -> Space:
    """For variants of `hrmlff`: all eight combinations, of which an ablation sees five."""
    return Space(
        domains={
            "method.embedding": Choice(
                options=ON_OR_OFF,
                why="Weighs what streams exchange inside every module, which fusion after each stage may do already; "
                "costs 0.2 % of the parameters.",
            ),
            "method.modulation": Choice(
                options=ON_OR_OFF,
                why="Lets streams heed one another before each stage; without fusion it is their only exchange over "
                "the whole face.",
            ),
            "method.fusion": Choice(
                options=ON_OR_OFF,
                why="The paper's main claim; the other two refine what it fuses, and may give nothing without it.",
            ),
        }
    )

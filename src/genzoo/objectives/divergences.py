"""Divergences between data and samples as a critic estimates them: what each side pays for a score."""

from collections.abc import Callable
from dataclasses import dataclass

from torch.nn.functional import softplus

from genzoo.errors import BadInput, nearest
from genzoo.types import Scores

Cost = Callable[[Scores], Scores]  # one cost per item, down is better


@dataclass(frozen=True)
class Divergence:
    """What the critic pays for the score of a real item and of a fake one, and what the generator pays.

    Costs are per item; the objective takes means. Each is one line, so that a paper's game is an entry
    of `DIVERGENCES`: the critic's two are apart so that labels can be smoothed whatever the divergence.

    Args:
        real: the critic's cost of a real item's score.
        fake: the critic's cost of a fake item's score.
        generator: the generator's cost of a fake item's score.
    """

    real: Cost
    fake: Cost
    generator: Cost


# With D = sigmoid(score): −log D = softplus(−score), −log(1 − D) = softplus(score), finite at any score.
MINIMAX = Divergence(  # log(1 − D(G(z))): Goodfellow et al. (2014), arXiv:1406.2661, eq. 1
    real=lambda score: softplus(-score),
    fake=softplus,
    generator=lambda score: -softplus(score),
)
NON_SATURATING = Divergence(  # −log D(G(z)): section 3 there, a stronger slope while D rejects samples
    real=lambda score: softplus(-score),
    fake=softplus,
    generator=lambda score: softplus(-score),
)

DIVERGENCES: dict[str, Divergence] = {"minimax": MINIMAX, "non-saturating": NON_SATURATING}


def divergence_named(name: str) -> Divergence:
    """The divergence called `name`; BadInput with the nearest name if there is none."""
    if name not in DIVERGENCES:
        raise BadInput(f"no divergence is called {name!r}{nearest(name, DIVERGENCES)}")
    return DIVERGENCES[name]

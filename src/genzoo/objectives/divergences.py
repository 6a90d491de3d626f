"""Divergences between data and samples as a critic estimates them: what each side pays for a score."""

from collections.abc import Callable
from dataclasses import dataclass

from torch.nn.functional import relu, softplus

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
        paired: each fake is scored by how far it is above a real item, and the other way round; then the
            critic pays for the real ones only, and the generator for the fake ones.
        boundary: the score at which the best critic cannot tell; None where only differences mean anything.
    """

    real: Cost
    fake: Cost
    generator: Cost
    paired: bool = False
    boundary: float | None = 0.0

    def critic_costs(self, real: Scores, fake: Scores) -> tuple[Scores, Scores]:
        """The critic's costs of real items and of fakes, from their scores."""
        if self.paired:
            return self.real(real - fake), self.fake(fake - real)
        return self.real(real), self.fake(fake)

    def generator_cost(self, real: Scores | None, fake: Scores) -> Scores:
        """The generator's cost of fakes, beside real items where they are judged in pairs."""
        return self.generator(fake - real) if self.paired and real is not None else self.generator(fake)


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
LEAST_SQUARES = Divergence(  # ½(D − 1)², ½D²: Mao et al. (2017), arXiv:1611.04076, eq. 9
    real=lambda score: (score - 1).square() / 2,
    fake=lambda score: score.square() / 2,
    generator=lambda score: (score - 1).square() / 2,
    boundary=0.5,
)
WASSERSTEIN = Divergence(  # E f(x) − E f(G(z)): Arjovsky et al. (2017), arXiv:1701.07875, eq. 2 and 3
    real=lambda score: -score,
    fake=lambda score: score,
    generator=lambda score: -score,
    boundary=None,
)
HINGE = (
    Divergence(  # Lim & Ye (2017), arXiv:1705.02894, eq. 11 and 12; Miyato et al. (2018), arXiv:1802.05957
        real=lambda score: relu(1 - score),
        fake=lambda score: relu(1 + score),
        generator=lambda score: -score,
    )
)
RELATIVISTIC = (
    Divergence(  # −log σ(D(x) − D(G(z))): Jolicoeur-Martineau (2019), arXiv:1807.00734, eq. 7 and 8
        real=lambda difference: softplus(-difference),
        fake=lambda difference: 0 * difference,
        generator=lambda difference: softplus(-difference),
        paired=True,
        boundary=None,
    )
)

DIVERGENCES: dict[str, Divergence] = {
    "minimax": MINIMAX,
    "non-saturating": NON_SATURATING,
    "least-squares": LEAST_SQUARES,
    "wasserstein": WASSERSTEIN,
    "hinge": HINGE,
    "relativistic": RELATIVISTIC,
}


def divergence_named(name: str) -> Divergence:
    """The divergence called `name`; BadInput with the nearest name if there is none."""
    if name not in DIVERGENCES:
        raise BadInput(f"no divergence is called {name!r}{nearest(name, DIVERGENCES)}")
    return DIVERGENCES[name]

"""The tree of generative models (Goodfellow, 2016, arXiv:1701.00160, figure 9) as data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A node of the tree.

    Args:
        path: its key and those above it, separated by slashes.
        title: the field's name for it.
        says: one sentence on what its members represent.
    """

    path: str
    title: str
    says: str


TREE: tuple[Place, ...] = (
    Place("likelihood", "Maximum likelihood", "p(x) is what training makes large, exactly or in effect."),
    Place("likelihood/explicit", "Explicit density", "p(x), or a bound of it, can be computed."),
    Place(
        "likelihood/explicit/tractable",
        "Tractable density",
        "Exact p(x): the chain rule over pixels, or a change of variables.",
    ),
    Place(
        "likelihood/explicit/tractable/autoregressive",
        "Fully visible belief nets",
        "p(x) = Π p(xᵢ | x₁ … xᵢ₋₁), pixel by pixel.",
    ),
    Place(
        "likelihood/explicit/tractable/flow",
        "Changes of variables",
        "p(x) = p(f(x))·|det ∂f/∂x| for an invertible f.",
    ),
    Place("likelihood/explicit/approximate", "Approximate density", "p(x) is bounded or estimated."),
    Place(
        "likelihood/explicit/approximate/variational",
        "Variational",
        "log p(x) ≥ E_q[log p(x|z)] − KL(q(z|x) ‖ p(z)).",
    ),
    Place(
        "likelihood/explicit/approximate/markov",
        "Markov chain",
        "Boltzmann machines: an energy, and a chain to estimate its gradient.",
    ),
    Place("likelihood/implicit", "Implicit density", "p(x) is never written down, only drawn from."),
    Place(
        "likelihood/implicit/direct",
        "Direct: adversarial",
        "x = G(z), taught by a critic that tells samples from data.",
    ),
    Place(
        "likelihood/implicit/markov",
        "Markov chain",
        "Generative stochastic networks: a chain whose steps are learned.",
    ),
    Place(
        "representation",
        "Autoencoders: representation learning, no density",
        "A code from which the image can be rebuilt; nothing says how likely an image is.",
    ),
)

PLACES: dict[str, Place] = {place.path: place for place in TREE}

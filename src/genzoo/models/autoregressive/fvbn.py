"""The fully visible belief net: a regression of each pixel on all pixels before it."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from genzoo.models.autoregressive.dense import DenseNet
from genzoo.models.autoregressive.outputs import OutputName, output_named
from genzoo.models.registry import register
from genzoo.nn.dense_causal import MaskedLinear
from genzoo.nn.tape import Tape
from genzoo.types import Given


@register(
    "fvbn",
    place="likelihood/explicit/tractable/autoregressive",
    title="Fully visible belief net",
    formula="p(x) = Π p(xᵢ | x₁ … xᵢ₋₁), each factor a logistic regression on all pixels before",
    reference="Frey, Hinton & Dayan, 1996, NIPS 8; Neal, 1992, Artificial Intelligence 56",
    objective={"class": "NegativeLogLikelihood"},
    tiny={
        "": {"shape": (1, 5, 4)},
        "rgb": {"shape": (3, 4, 3), "levels": 4, "output": "softmax", "order_seed": 1},
        "mixture": {"shape": (3, 4, 3), "levels": 8, "output": "mixture", "components": 2, "order_seed": 2},
    },
    optimizer={"name": "adam", "lr": 1e-3},
)
class FullyVisibleBeliefNet(DenseNet):
    """Exact p(x) by one regression for each pixel (and channel), without hidden units.

    p(xᵢ = 1 | x₁ … xᵢ₋₁) = σ(bᵢ + Σ_{j<i} Wᵢⱼ xⱼ), a logistic belief net with all its units visible; with
    output "softmax" regressions of the levels' logits, with "mixture" of the parameters of a mixture of
    logistics. The net sees pixels in [−1, 1].

    Its weights grow with the square of the pixels, times the levels for a softmax: 28×28 binary pixels are
    0.6 million numbers, of 256 levels 157 million.

    Reference: Frey, Hinton & Dayan, Does the wake-sleep algorithm produce good density estimators?, 1996,
    NIPS 8 (logistic autoregression); Neal, Connectionist learning of belief networks, 1992, Artificial
    Intelligence 56 (logistic belief nets).

    Args:
        shape: (c, h, w), any of each.
        levels: how many evenly spaced values a pixel takes, 2 to 256.
        output: "binary" (one logit; 2 levels), "softmax" over the levels or "mixture" (of logistics).
        components: of the mixture.
        order_seed: pixels and channels are drawn in a permutation that is a function of it; None: in raster
            order, channel after channel within a pixel. A mixture draws all channels of a pixel together.

    >>> FullyVisibleBeliefNet((1, 4, 4)).sample(2).shape
    torch.Size([2, 1, 4, 4])
    """

    def __init__(
        self,
        shape: Sequence[int] = (1, 28, 28),
        *,
        levels: int = 2,
        output: OutputName = "binary",
        components: int = 10,
        order_seed: int | None = None,
    ) -> None:
        super().__init__(shape, output_named(output, shape[0], levels, components), order_seed=order_seed)
        self.regression = MaskedLinear(self.input_degrees(), self.output_degrees())

    def parameters_of(self, seen: Float[Tensor, "b c h w"], given: Given | None) -> Float[Tensor, "b _ h w"]:
        """All regressions as one masked matrix product."""
        parameters = self.regression(self.as_units(seen).flatten(1))
        return self.as_maps(parameters.unflatten(1, (self.units, self.outputs)))

    def record(self, tape: Tape, given: Given | None) -> None:
        """One regression on the units before."""
        inputs = self.record_inputs(tape)
        self.record_walk(tape, inputs, self.regression.record(tape, inputs))

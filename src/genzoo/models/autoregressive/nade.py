"""The neural autoregressive distribution estimator: one hidden layer whose weights all pixels share."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from genzoo.errors import BadInput
from genzoo.models.autoregressive.dense import DenseNet
from genzoo.models.autoregressive.outputs import OutputName, output_named
from genzoo.models.registry import register
from genzoo.nn.dense_causal import running_products
from genzoo.nn.places import Op
from genzoo.nn.tape import Tape
from genzoo.types import Given


@register(
    "nade",
    place="likelihood/explicit/tractable/autoregressive",
    title="NADE",
    formula="p(xᵢ = 1 | x₁ … xᵢ₋₁) = σ(bᵢ + Vᵢ·hᵢ), hᵢ = σ(c + Σ_{j<i} W_j xⱼ)",
    reference="Larochelle & Murray, 2011, AISTATS; Uria et al., 2016, arXiv:1605.02226",
    objective={"class": "NegativeLogLikelihood"},
    tiny={
        "": {"shape": (1, 5, 4), "hidden": 6},
        "rgb": {"shape": (3, 4, 3), "levels": 4, "output": "softmax", "hidden": 6, "order_seed": 1},
        "mixture": {
            "shape": (3, 4, 3), "levels": 8, "output": "mixture", "components": 2, "hidden": 6,
            "order_seed": 2,
        },
    },
    optimizer={"name": "adam", "lr": 1e-3},
)  # fmt: skip
class NADE(DenseNet):
    """Exact p(x) by one hidden layer for each pixel (and channel), all of them with the same weights.

    p(xᵢ = 1 | x₁ … xᵢ₋₁) = σ(bᵢ + Vᵢ·hᵢ) with hᵢ = σ(c + Σ_{j<i} W_j xⱼ): the sum for the next pixel is the
    one before plus one column, so that all conditionals together cost O(pixels · hidden). With output
    "softmax" or "mixture" Vᵢ gives several parameters. The net sees pixels in [−1, 1].

    Reference: Larochelle & Murray, The Neural Autoregressive Distribution Estimator, 2011, AISTATS,
    algorithm 1; Uria, Côté, Gregor, Murray & Larochelle, Neural Autoregressive Distribution Estimation, 2016,
    arXiv:1605.02226, §2. Both have 500 hidden units on binarized MNIST.

    Args:
        shape: (c, h, w), any of each.
        hidden: units of the hidden layer.
        levels: how many evenly spaced values a pixel takes, 2 to 256.
        output: "binary" (one logit; 2 levels), "softmax" over the levels or "mixture" (of logistics).
        components: of the mixture.
        order_seed: pixels and channels are drawn in a permutation that is a function of it; None: in raster
            order, channel after channel within a pixel. A mixture draws all channels of a pixel together.

    >>> NADE((1, 4, 4), hidden=8).sample(2).shape
    torch.Size([2, 1, 4, 4])
    """

    def __init__(
        self,
        shape: Sequence[int] = (1, 28, 28),
        *,
        hidden: int = 500,
        levels: int = 2,
        output: OutputName = "binary",
        components: int = 10,
        order_seed: int | None = None,
    ) -> None:
        super().__init__(shape, output_named(output, shape[0], levels, components), order_seed=order_seed)
        if hidden < 1:
            raise BadInput(f"hidden must be at least 1 unit, got {hidden}")
        into, out = (self.units * self.inputs) ** -0.5, hidden**-0.5
        # All in the order in which units are drawn: W_j, c; Vᵢ, bᵢ.
        self.inward = nn.Parameter(_uniform(into, self.units * self.inputs, hidden))
        self.bias = nn.Parameter(_uniform(into, hidden))
        self.outward = nn.Parameter(_uniform(out, self.units, self.outputs, hidden))
        self.outward_bias = nn.Parameter(_uniform(out, self.units, self.outputs))

    def parameters_of(self, seen: Float[Tensor, "b c h w"], given: Given | None) -> Float[Tensor, "b _ h w"]:
        """V·h of all units, and their biases."""
        ordered = self.as_units(seen)[:, self.orders[0]]  # b units inputs
        products = running_products(ordered.flatten(1), self.inward, self.bias, self.outward)
        parameters = products.permute(2, 0, 1) + self.outward_bias  # b units outputs
        return self.as_maps(parameters[:, self.orders[0].argsort()])

    def record(self, tape: Tape, given: Given | None) -> None:
        """One more column of W, the sigmoid, and one unit's V."""
        inputs, columns = self.record_inputs(tape), self.inward.split(self.inputs)
        running, hidden = tape.buffer(len(self.bias)), tape.buffer(len(self.bias))
        n = self.outputs
        out = tape.buffer([slice(i * n, (i + 1) * n) for i in range(self.units)])
        tape.linear(running, [], self.bias)
        for i, group in enumerate(out.groups):
            if i:
                tape.linear(running, [(inputs.of(inputs.groups[i - 1]), columns[i - 1])], None, section=i)
            tape.section(i).ops.append(Op("sigmoid", hidden, running))
            tape.linear(out.of(group), [(hidden, self.outward[i].T)], self.outward_bias[i], section=i)
        self.record_walk(tape, inputs, out)


def _uniform(bound: float, *shape: int) -> Tensor:
    return (torch.rand(shape) * 2 - 1) * bound

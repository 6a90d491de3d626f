"""What the dense belief nets share: units in any order, each seeing all that come before it."""

from collections.abc import Sequence

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor

from genzoo.models.autoregressive.base import Autoregressive
from genzoo.models.autoregressive.outputs import Output
from genzoo.nn.dense_causal import ordering
from genzoo.nn.places import Ref, Visit
from genzoo.nn.tape import Tape
from genzoo.random import seed_of


class DenseNet(Autoregressive):
    """A net of images as vectors of units. A unit is what is drawn at once: a channel of a pixel, or, for a
    mixture, all channels of a pixel.

    Args:
        shape: (c, h, w), any of each.
        output: what the net's numbers mean.
        order_seed: units are drawn in a permutation that is a function of it; None: in raster order, channel
            after channel within a pixel.
        orderings: how many orderings the net has; all but the first are permutations.
    """

    orders: Tensor

    def __init__(
        self, shape: Sequence[int], output: Output, *, order_seed: int | None, orderings: int = 1
    ) -> None:
        super().__init__(shape, output)
        self.units = self.shape[1] * self.shape[2] * output.steps
        self.inputs = self.shape[0] // output.steps  # numbers that a unit is
        self.outputs = output.parameters // output.steps  # parameters of its distribution
        seeds = [order_seed] + [seed_of(order_seed or 0, "ordering", k) for k in range(1, orderings)]
        orders = torch.stack([ordering(self.units, seed) for seed in seeds])
        self.register_buffer("orders", orders, persistent=False)  # the unit at each position

    def input_degrees(self) -> Int[Tensor, "orderings inp"]:
        """p + 1 for the numbers of the unit at position p of the order."""
        return (self.orders.argsort(1) + 1).repeat_interleave(self.inputs, 1)

    def output_degrees(self) -> Int[Tensor, "orderings out"]:
        """p for the parameters of the unit at position p of the order."""
        return self.orders.argsort(1).repeat_interleave(self.outputs, 1)

    def as_units(self, seen: Float[Tensor, "b c h w"]) -> Float[Tensor, "b units inputs"]:
        """Images as units in raster order."""
        return rearrange(seen, "b (s i) h w -> b (h w s) i", i=self.inputs)

    def as_maps(self, parameters: Float[Tensor, "b units outputs"]) -> Float[Tensor, "b _ h w"]:
        """The parameters of units in raster order as those of pixels."""
        _, h, w = self.shape
        return rearrange(parameters, "b (h w s) p -> b (s p) h w", h=h, w=w)

    def record_inputs(self, tape: Tape) -> Ref:
        """The numbers of all units in the order of being drawn, a group for each position."""
        return tape.pixels(self.units * self.inputs, self.units)

    def record_walk(self, tape: Tape, inputs: Ref, out: Ref, which: int = 0) -> None:
        """A visit and a section for each position of an ordering.

        Args:
            inputs: the units' numbers, a group for each position.
            out: the units' parameters, a group for each position.
            which: the number of the ordering.
        """
        places = zip(self.orders[which].tolist(), inputs.groups, out.groups, strict=True)
        for position, (unit, numbers, parameters) in enumerate(places):
            section = tape.section(position)
            section.inp, section.out = inputs.of(numbers), out.of(parameters)
            pixel, step = divmod(unit, self.output.steps)
            row, column = divmod(pixel, self.shape[2])
            tape.visits.append(Visit(row, column, self.output.drawn_at(step), position))

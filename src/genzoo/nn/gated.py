"""Gated masked convolutions in two stacks: the rows above, and the row so far."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from genzoo.nn.causal import Features
from genzoo.nn.conditions import Conditioned, ConditionMaps
from genzoo.nn.masked import MaskedConv2d
from genzoo.nn.places import Ref
from genzoo.nn.shifted import shifted_conv2d
from genzoo.nn.tape import Tape


class _Gate(torch.autograd.Function):
    """tanh(a)·σ(b) in half of the passes over memory that its parts would take."""

    @staticmethod
    def forward(ctx: Any, sums: Tensor) -> Tensor:
        both = sums.clone()
        a, b = both.chunk(2, 1)
        # tanh a = 2σ(2a) − 1: one function for both halves. Half types would lose digits.
        if sums.dtype.itemsize >= 4:
            a.mul_(2)
            both.sigmoid_()
            a.mul_(2).sub_(1)
        else:
            a.tanh_()
            b.sigmoid_()
        ctx.save_for_backward(both)
        return a * b

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (both,) = ctx.saved_tensors
        (a, b), out = both.chunk(2, 1), torch.empty_like(both)
        to_a, to_b = out.chunk(2, 1)
        torch.mul(grad, b, out=to_a)
        torch.mul(to_a, a, out=to_b)
        to_a.addcmul_(to_a, a * a, value=-1)  # σ(b)·(1 − tanh² a)
        to_b.addcmul_(to_b, b, value=-1)  # tanh(a)·σ(b)·(1 − σ(b))
        return out


def gate(sums: Float[Tensor, "b two_p h w"]) -> Float[Tensor, "b p h w"]:
    """tanh(a)·σ(b) of the two halves of the maps; it has first derivatives only."""
    return _Gate.apply(sums)


class GatedLayer(nn.Module):
    """One layer of both stacks: y = tanh(W_f∗x + V_f·s)·σ(W_g∗x + V_g·s) in each.

    The vertical stack at row i knows the rows above i, all columns within its cone and all colours; the
    horizontal stack also knows the row so far, and takes the vertical's sums through a 1×1 layer. So no
    pixel above is hidden, and nothing of the horizontal stack reaches the vertical one. The horizontal
    output is added to what came in; the first layer's is not, for its mask hides the pixel itself.

    Reference: van den Oord et al., Conditional Image Generation with PixelCNN Decoders, 2016,
    arXiv:1606.05328, §2.1 to §2.3, figure 2, equation 2.

    Args:
        inp: maps that come in, in both stacks.
        width: p, maps that go out.
        kernel: the side k, odd: ⌊k/2⌋ rows up and k columns of the vertical stack, 1×k of the horizontal.
        colours: how many colours a pixel has, drawn one after the other.
        condition: maps of s; 0: none.
        first: whether it sees the image itself.
    """

    def __init__(
        self, inp: int, width: int, kernel: int, *, colours: int = 1, condition: int = 0, first: bool = False
    ) -> None:
        super().__init__()
        if kernel < 3 or kernel % 2 == 0:
            raise ValueError(f"a gated layer's kernel must be odd and at least 3, got {kernel}")
        self.width, self.reach, self.first = width, kernel // 2, first
        # The first layer's taps end one row above the pixel: its output knows the rows above alone, so that
        # the next layers may look at their own row too.
        rows = kernel // 2 + (not first)
        self.vertical = nn.Conv2d(inp, 2 * width, (rows, kernel))
        self.link = nn.Conv2d(2 * width, 2 * width, 1, bias=False)
        self.horizontal = MaskedConv2d(
            inp, 2 * width, kernel, mask="A" if first else "B", colours=colours, rows=1, parts=2
        )
        self.out = MaskedConv2d(width, width, 1, mask="B", colours=colours)
        self.above = Conditioned(condition, 2 * width)
        self.along = Conditioned(condition, 2 * width)

    def forward(
        self, v: Features, h: Features, condition: ConditionMaps | None = None
    ) -> tuple[Features, Features]:
        """The layer on whole images.

        Args:
            v: the vertical stack, shape (b, inp, h, w).
            h: the horizontal stack, of the same shape.
            condition: shape (b, k, 1, 1) or (b, k, h, w).
        """
        vertical = self.vertical
        sums = shifted_conv2d(v, vertical.weight, vertical.bias, top=self.reach, left=self.reach)
        sums = self.above(sums, condition)
        gates = self.along(self.horizontal(h) + self.link(sums), condition)
        y = self.out(gate(gates))
        return gate(sums), y if self.first else h + y

    def record(self, tape: Tape, v: Ref, h: Ref, condition: ConditionMaps | None = None) -> tuple[Ref, Ref]:
        """One more pixel of the horizontal stack; a row of the vertical one at a time."""
        assert self.vertical.bias is not None
        above = self.above.record(tape, self.vertical.bias, condition, 2)
        along = self.along.record(tape, self.horizontal.bias, condition, 2)
        halves = (slice(0, self.width), slice(self.width, 2 * self.width))
        with tape.row():
            sums, links = ([tape.buffer(self.width) for _ in halves] for _ in range(2))
            for half, out, start in zip(halves, sums, above, strict=True):
                weight = self.vertical.weight[half]
                tape.convolve(v, out, weight, start, top=self.reach, left=self.reach)
            for half, out, start in zip(halves, links, along, strict=True):
                weight = self.link.weight[half]
                tape.convolve(sums[0], out, weight[:, halves[0]], start)
                tape.convolve(sums[1], out, weight[:, halves[1]], None)
            v = tape.map("tanh gate", *sums)
        y = self.out.record(tape, tape.map("tanh gate", *self.horizontal.record_parts(tape, h, start=links)))
        return v, y if self.first else tape.map("add", h, y)

"""Fully connected causal layers: each activation has a degree, how many of the first inputs it may see."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from genzoo.nn.places import Elementwise, Op, Ref
from genzoo.nn.tape import Tape
from genzoo.random import seeded

_CHUNK = 8  # units at once: their sums as a triangular product, their activations within the cache


def ordering(units: int, seed: int | None) -> Int[Tensor, " units"]:
    """The units in the order in which they are drawn: as they stand, or a permutation, a function of `seed`.

    >>> ordering(4, None).tolist()
    [0, 1, 2, 3]
    """
    if seed is None:
        return torch.arange(units)
    with seeded(seed, "ordering"):
        return torch.randperm(units)


def hidden_degrees(hidden: Sequence[int], units: int, seed: int) -> list[Int[Tensor, " _"]]:
    """How many of the first units each hidden activation may see, drawn for layer after layer.

    Uniform from 1 to units − 1, and in later layers from the smallest degree of the layer before, so that
    every activation is connected to something (Germain et al., 2015, arXiv:1502.03509, §4.2).

    Args:
        hidden: the widths of the layers.
        units: how many units are drawn.
        seed: the degrees are a function of it.
    """
    least, found = min(1, units - 1), []
    with seeded(seed, "degrees"):
        for width in hidden:
            found.append(torch.randint(least, units, (width,)))
            least = int(found[-1].min())
    return found


class MaskedLinear(nn.Module):
    """y = b + (W ⊙ M)·x with M(k, j) = 1 where the degree of x_j is at most that of y_k.

    An activation of degree m depends on the first m units that are drawn. The unit at position p = 0, 1, …
    of the ordering enters the net with degree p + 1, and its parameters leave it with degree p: a stack of
    such layers has no path from a unit to itself or to one before it. There may be several sets of degrees
    over one weight matrix: orderings, and connectivities, of the same net.

    Reference: Germain, Gregor, Murray & Larochelle, MADE, 2015, arXiv:1502.03509, §4.1 and 4.2; there an
    output has the degree of its input, and a strict inequality in place of a degree one smaller.

    Args:
        inp: degrees of what comes in, shape (orderings, inp).
        out: degrees of what goes out, shape (orderings, out).
        bias: whether there is one.

    >>> MaskedLinear(torch.tensor([[1, 2, 3]]), torch.tensor([[0, 1, 2]])).mask.int()
    tensor([[0, 0, 0],
            [1, 0, 0],
            [1, 1, 0]], dtype=torch.int32)
    """

    mask: Tensor
    inp: Tensor
    out: Tensor

    def __init__(
        self, inp: Int[Tensor, "orderings inp"], out: Int[Tensor, "orderings out"], *, bias: bool = True
    ) -> None:
        super().__init__()
        self.register_buffer("inp", inp, persistent=False)
        self.register_buffer("out", out, persistent=False)
        # Of the first ordering; the others' masks, which may be many, are made when they are asked for.
        self.register_buffer("mask", (inp[0] <= out[0, :, None]).float(), persistent=False)
        # U(±1/√n), n the weights that an output has left, in the mean over the orderings.
        counts = torch.stack([self.mask_of(k).sum(1) for k in range(len(inp))])
        bound = counts.float().mean(0).clamp(min=1).rsqrt()
        weight = (torch.rand(self.mask.shape) * 2 - 1) * bound[:, None]
        self.weight = nn.Parameter(weight * self.mask if len(inp) == 1 else weight)
        self.bias = nn.Parameter((torch.rand(len(bound)) * 2 - 1) * bound) if bias else None

    def mask_of(self, which: int) -> Float[Tensor, "out inp"] | Bool[Tensor, "out inp"]:
        """M of the ordering of that number."""
        return self.mask if which == 0 else self.inp[which] <= self.out[which, :, None]

    def forward(self, x: Float[Tensor, "b inp"], which: int = 0) -> Float[Tensor, "b out"]:
        """The layer under the ordering of that number."""
        return F.linear(x, self.weight * self.mask_of(which), self.bias)

    def record(self, tape: Tape, x: Ref, which: int = 0, *, onto: Ref | None = None) -> Ref:
        """What each unit that is drawn adds, in the section of its position; each output is computed once.

        Args:
            x: the input's maps in the order of their degrees.
            which: the number of the ordering.
            onto: maps that the products of a layer without a bias are added to; None: fresh ones.

        Returns:
            The output's maps in the order of their degrees, those of degree m as group m.
        """
        columns, inp = _by_degree(self.inp[which])
        rows, out = _by_degree(self.out[which])
        weight = (self.weight * self.mask_of(which))[rows][:, columns].T  # inp out
        bias = self.weight.new_zeros(len(rows)) if self.bias is None else self.bias[rows]
        sums = tape.buffer(out) if onto is None else onto
        for degree, maps in enumerate(out):
            if maps.start == maps.stop:
                continue
            seen = inp[min(degree, len(inp) - 1)].stop
            runs = [(x.of(slice(0, seen)), weight[:seen, maps].contiguous())] if seen else []
            tape.linear(sums.of(maps), runs, bias[maps] if onto is None else None, section=degree)
        return sums


def record_function(tape: Tape, kind: Elementwise, x: Ref) -> Ref:
    """An elementwise function of each group of maps in the section of its number; most may be empty."""
    out = tape.buffer(x.groups)
    for section, maps in enumerate(x.groups):
        if maps.start < maps.stop:
            tape.section(section).ops.append(Op(kind, out.of(maps), x.of(maps)))
    return out


def _by_degree(degrees: Int[Tensor, " _"]) -> tuple[Tensor, list[slice]]:
    """The activations sorted by degree, and which of the sorted ones have each degree 0, 1, …"""
    bounds = torch.bincount(degrees).cumsum(0).tolist()
    return degrees.argsort(stable=True), [slice(a, b) for a, b in pairwise([0, *bounds])]


def running_products(
    x: Float[Tensor, "b numbers"],
    inward: Float[Tensor, "numbers hidden"],
    bias: Float[Tensor, " hidden"],
    outward: Float[Tensor, "units outputs hidden"],
) -> Float[Tensor, "units outputs b"]:
    """Vᵢ·hᵢ of all units i with hᵢ = σ(c + Σ_{j<i} W_j xⱼ): a hidden layer for each unit, sharing W and c.

    Reference: Larochelle & Murray, The Neural Autoregressive Distribution Estimator, 2011, AISTATS,
    algorithm 1.

    Args:
        x: the units, in order; each is as many consecutive numbers as the others.
        inward: W.
        bias: c.
        outward: V.
    """
    products: Tensor = _RunningProducts.apply(x, inward, bias, outward)
    return products


class _RunningProducts(torch.autograd.Function):
    """A chunk of units at a time, and within a chunk the running sums as one triangular product.

    A batch has b · units · hidden activations: kept for the way back they would take longer to store and to
    fetch than to compute again, so only the running sum at the start of each chunk is kept.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, inward: Tensor, bias: Tensor, outward: Tensor) -> Tensor:
        """Of x (b numbers), W (numbers hidden), c (hidden) and V (units outputs hidden): units outputs b."""
        with torch.autocast(x.device.type, enabled=False):
            running, space, found = bias.expand(len(x), -1), _space(x, bias), []
            sums = x.new_empty(-(-len(outward) // _CHUNK), len(x), len(bias))
            for k, (units, numbers) in enumerate(_chunks(len(inward), len(outward))):
                sums[k] = running
                hidden = space[: units.stop - units.start]  # t b hidden
                _activations(x[:, numbers], inward[numbers], running, hidden)
                found.append(torch.bmm(outward[units], hidden.transpose(1, 2)))
                running = torch.addmm(running, x[:, numbers], inward[numbers])
        ctx.save_for_backward(x, inward, outward, sums)
        return torch.cat(found)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor, Tensor, Tensor]:
        """From the last chunk to the first, with the sum of the gradients at all later units' sums."""
        x, inward, outward, sums = ctx.saved_tensors
        d_x = torch.zeros_like(x) if ctx.needs_input_grad[0] else None
        d_inward, d_outward = torch.empty_like(inward), torch.empty_like(outward)
        later, space, slopes = torch.zeros_like(sums[0]), _space(x, sums[0, 0]), _space(x, sums[0, 0])
        with torch.autocast(x.device.type, enabled=False):
            for k, (units, numbers) in reversed(list(enumerate(_chunks(len(inward), len(outward))))):
                part, weight, g = x[:, numbers], inward[numbers], gradient[units]
                hidden, d = space[: len(g)], slopes[: len(g)]  # t b hidden
                _activations(part, weight, sums[k], hidden)
                torch.bmm(g, hidden, out=d_outward[units])
                product = torch.mul if g.shape[1] == 1 else torch.bmm
                product(g.transpose(1, 2), outward[units], out=d)
                torch.ops.aten.sigmoid_backward.grad_input(d, hidden, grad_input=d)
                before = _before(part, len(hidden))  # t b numbers
                d_inward[numbers] = before.flatten(0, 1).T @ d.flatten(0, 1) + part.T @ later
                if d_x is not None:
                    within = _before(torch.ones_like(part), len(hidden)) * (d @ weight.T)
                    d_x[:, numbers] = within.sum(0) + later @ weight.T
                later += d.sum(0)
        return d_x, d_inward, later.sum(0), d_outward


def _chunks(numbers: int, units: int) -> Iterator[tuple[slice, slice]]:
    """Runs of units, and of the numbers that these are."""
    each = numbers // units
    for start in range(0, units, _CHUNK):
        end = min(start + _CHUNK, units)
        yield slice(start, end), slice(start * each, end * each)


def _space(x: Tensor, bias: Tensor) -> Tensor:
    return x.new_empty(_CHUNK, len(x), len(bias))


def _before(x: Tensor, units: int) -> Tensor:
    """For each unit of a chunk the numbers of those before it, zeros for the others: t b numbers."""
    mask = torch.ones(units, units, dtype=x.dtype, device=x.device).tril(-1)
    return mask.repeat_interleave(x.shape[1] // units, 1)[:, None] * x


def _activations(x: Tensor, inward: Tensor, running: Tensor, out: Tensor) -> None:
    """The hidden layers of a chunk of units, written into `out`, t b hidden."""
    before = _before(x, len(out))
    torch.baddbmm(running.expand_as(out), before, inward.expand(len(out), -1, -1), out=out)
    out.sigmoid_()

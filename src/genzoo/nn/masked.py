"""Masked convolutions: a pixel, and a colour of it, sees only what comes before it in raster order."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from jaxtyping import Bool
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.nn.causal import CausalLayer, CausalSequential, Features, Pointwise
from genzoo.nn.places import Ref
from genzoo.nn.tape import Tape

MaskType = Literal["A", "B"]


def colour_groups(features: int, colours: int) -> tuple[slice, ...]:
    """Which feature maps belong to each colour: consecutive groups, as equal in size as can be.

    >>> colour_groups(7, 3)
    (slice(0, 3, None), slice(3, 5, None), slice(5, 7, None))
    """
    if not 1 <= colours <= features:
        raise ValueError(
            f"{features} feature maps cannot be shared by {colours} colours; give at least {colours}"
        )
    bounds = [-(-features * colour // colours) for colour in range(colours + 1)]
    return tuple(slice(a, b) for a, b in pairwise(bounds))


def causal_mask(
    inp: int, out: int, kernel: int, mask: MaskType, colours: int, *, rows: int | None = None
) -> Bool[Tensor, "out inp rows kernel"]:
    """True where a weight of the upper half of a kernel may be non-zero.

    Rows above the centre and pixels to its left are seen in all colours. At the centre itself the
    maps of a colour see those of the colours before it and, with mask B, those of its own.
    """
    seen = torch.ones(out, inp, kernel // 2 + 1 if rows is None else rows, kernel, dtype=torch.bool)
    seen[:, :, -1, kernel // 2 :] = False
    for own, maps in enumerate(colour_groups(out, colours)):
        for other, sources in enumerate(colour_groups(inp, colours)):
            seen[maps, sources, -1, kernel // 2] = other < own if mask == "A" else other <= own
    return seen


class MaskedConv2d(CausalLayer):
    """A convolution of the causal half of a k×k kernel, keeping the size.

    y(i, j) = bias + Σ W(a, b)·x(i + a, j + b) over −⌊k/2⌋ ≤ a ≤ 0, |b| ≤ ⌊k/2⌋ where the mask is 1.
    Only the rows up to the centre are stored and multiplied. Mask A excludes the pixel's own colour and
    belongs in the first layer; mask B includes it. 1×1 layers need mask B too, for several colours: without
    it blue's maps would reach red's.

    Reference: van den Oord, Kalchbrenner & Kavukcuoglu, Pixel Recurrent Neural Networks, 2016,
    arXiv:1601.06759, §3.4 and figure 4.

    Args:
        inp: feature maps that come in.
        out: feature maps that go out.
        kernel: the side k, odd.
        mask: "A" or "B".
        colours: how many colours a pixel has, drawn one after the other (R, G, B).
        rows: how many rows of the kernel are seen, its centre's included; None: ⌊k/2⌋ + 1. With 1 row it is a
            convolution along the row.
        parts: the output is so many equal parts, each with maps of every colour: the gates of a unit.

    >>> conv = MaskedConv2d(1, 1, 3, mask="A")
    >>> conv.mask.int()[0, 0]
    tensor([[1, 1, 1],
            [1, 0, 0]], dtype=torch.int32)
    """

    mask: Tensor

    def __init__(
        self,
        inp: int,
        out: int,
        kernel: int,
        *,
        mask: MaskType,
        colours: int = 1,
        rows: int | None = None,
        parts: int = 1,
    ) -> None:
        super().__init__()
        if kernel < 1 or kernel % 2 == 0:
            raise ValueError(f"a masked kernel has a centre: its side must be odd, got {kernel}")
        if out % parts:
            raise ValueError(f"{out} feature maps are not {parts} equal parts")
        self.kernel, self.colours, self.parts = kernel, colours, parts
        self.rows = kernel // 2 + 1 if rows is None else rows
        seen = causal_mask(inp, out // parts, kernel, mask, colours, rows=self.rows)
        self.right = 0 if self.rows == 1 else kernel // 2  # along a row nothing right of the centre is seen
        seen = seen[..., : kernel // 2 + 1 + self.right]
        self.register_buffer("mask", seen.repeat(parts, 1, 1, 1), persistent=False)
        # U(±1/√n), n the weights that an output has left: the usual bound, of a kernel without its dead half.
        bound = self.mask.flatten(1).sum(1).clamp(min=1).rsqrt()
        self.weight = nn.Parameter(
            (torch.rand(self.mask.shape) * 2 - 1) * bound[:, None, None, None] * self.mask
        )
        self.bias = nn.Parameter((torch.rand(out) * 2 - 1) * bound)

    def forward(self, x: Features) -> Features:
        """The convolution of whole images."""
        padded = F.pad(x, (self.kernel // 2, self.right, self.rows - 1, 0)) if self.kernel > 1 else x
        return F.conv2d(padded, self.weight * self.mask, self.bias)

    def record(self, tape: Tape, x: Ref) -> Ref:
        """The causal taps of one pixel; of a layer with one part."""
        (out,) = self.record_parts(tape, x)
        return out

    def record_parts(self, tape: Tape, x: Ref, start: Sequence[Ref] | None = None) -> list[Ref]:
        """The causal taps of one pixel, each part in a buffer of its own.

        Args:
            start: maps of each part that the sum starts from, in place of the bias.
        """
        each, weight, found = len(self.bias) // self.parts, self.weight * self.mask, []
        for part in range(self.parts):
            maps = slice(part * each, (part + 1) * each)
            out = tape.buffer(colour_groups(each, self.colours))
            begin = self.bias[maps] if start is None else start[part]
            tape.convolve(
                x, out, weight[maps], begin, top=self.rows - 1, left=self.kernel // 2, seen=self.mask[maps]
            )
            found.append(out)
        return found


def two_layer_head(inp: int, hidden: int, out: int, colours: int) -> CausalSequential:
    """ReLU, 1×1, ReLU, 1×1: from the feature maps of a stack to the parameters of each colour."""
    return CausalSequential(
        Pointwise(nn.ReLU()),
        MaskedConv2d(inp, hidden, 1, mask="B", colours=colours),
        Pointwise(nn.ReLU()),
        MaskedConv2d(hidden, out, 1, mask="B", colours=colours),
    )

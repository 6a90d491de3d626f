"""Masked convolutions: a pixel, and a colour of it, sees only what comes before it in raster order."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from jaxtyping import Bool
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.nn.cached import CausalLayer, Features, PixelFeatures, Stepper

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
    inp: int, out: int, kernel: int, mask: MaskType, colours: int
) -> Bool[Tensor, "out inp rows kernel"]:
    """True where a weight of the upper half of a kernel may be non-zero.

    Rows above the centre and pixels to its left are seen in all colours. At the centre itself the
    maps of a colour see those of the colours before it and, with mask B, those of its own.
    """
    seen = torch.ones(out, inp, kernel // 2 + 1, kernel, dtype=torch.bool)
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

    >>> conv = MaskedConv2d(1, 1, 3, mask="A")
    >>> conv.mask.int()[0, 0]
    tensor([[1, 1, 1],
            [1, 0, 0]], dtype=torch.int32)
    """

    mask: Tensor

    def __init__(self, inp: int, out: int, kernel: int, *, mask: MaskType, colours: int = 1) -> None:
        super().__init__()
        if kernel < 1 or kernel % 2 == 0:
            raise ValueError(f"a masked kernel has a centre: its side must be odd, got {kernel}")
        self.kernel, self.kind, self.colours = kernel, mask, colours
        self.groups_in, self.groups_out = colour_groups(inp, colours), colour_groups(out, colours)
        self.register_buffer("mask", causal_mask(inp, out, kernel, mask, colours), persistent=False)
        # U(±1/√n), n the weights that an output has left: the usual bound, of a kernel without its dead half.
        bound = self.mask.flatten(1).sum(1).clamp(min=1).rsqrt()
        self.weight = nn.Parameter(
            (torch.rand(self.mask.shape) * 2 - 1) * bound[:, None, None, None] * self.mask
        )
        self.bias = nn.Parameter((torch.rand(out) * 2 - 1) * bound)

    def forward(self, x: Features) -> Features:
        """The convolution of whole images."""
        p = self.kernel // 2
        return F.conv2d(F.pad(x, (p, p, p, 0)) if p else x, self.weight * self.mask, self.bias)

    def matrix(self, colour: int) -> Tensor:
        """The weights to a colour's maps, shape (taps·in, maps), without the last taps that its mask blocks.

        Taps are in the order of a stepper's cache: column, row, feature map.
        """
        maps = self.groups_out[colour]
        taps = (self.weight * self.mask)[maps].permute(3, 2, 1, 0).flatten(0, 2)
        seen = self.mask[maps].permute(3, 2, 1, 0).flatten(0, 2).any(1).nonzero()
        return taps[: int(seen[-1]) + 1 if len(seen) else 0].contiguous()

    def stepper(self, batch: int, columns: int) -> "MaskedStepper":
        """A fresh start at the top row."""
        return MaskedStepper(self, batch, columns)


class MaskedStepper(Stepper):
    """A masked convolution's progress: the last rows of its input are cached, zero-padded.

    The cache has the axes (batch, column, row, feature map), so a pixel's causal taps lie side by side:
    one strided view is the patch and one matrix product with it the step, with nothing gathered. The views
    are made once, for they are the same in every row.
    """

    def __init__(self, layer: MaskedConv2d, batch: int, columns: int) -> None:
        self.layer, self.pad = layer, layer.kernel // 2
        bias, side, inp = layer.bias, layer.kernel, layer.weight.shape[1]
        rows = self.pad + 1
        self.rows = bias.new_zeros(batch, columns + 2 * self.pad, rows, inp)
        self.weights = [layer.matrix(colour) for colour in range(layer.colours)]
        self.biases = [bias[maps].contiguous() for maps in layer.groups_out]
        lengths = [len(w) for w in self.weights]
        flat = self.rows.flatten(1)  # b (column row map)
        pitch = rows * inp
        self.slots: Sequence[Sequence[Tensor]] = [
            [self.rows[:, column + self.pad, -1, maps] for maps in layer.groups_in]
            for column in range(columns)
        ]
        self.patches: Sequence[Sequence[Tensor]] = [
            [flat[:, column * pitch : column * pitch + n] for n in lengths] for column in range(columns)
        ]
        self.alone = side == 1 and layer.colours == 1 and layer.kind == "B"  # then the pixel is its own patch

    def warm(self, rows: Features) -> Features:
        """The convolution of the topmost rows; the last of them stay in the cache."""
        kept = rows[:, :, max(0, rows.shape[2] - self.pad - 1) :].permute(0, 3, 2, 1)  # b w rows c
        inside = slice(self.pad, self.rows.shape[1] - self.pad)
        self.rows[:, inside, self.pad + 1 - kept.shape[2] :] = kept
        return self.layer(rows)

    def start_row(self) -> None:
        """The cached rows move up by one; the mask hides what the last one still holds."""
        for row in range(self.pad):
            self.rows[:, :, row] = self.rows[:, :, row + 1]

    def write(self, x: PixelFeatures, column: int, colour: int) -> None:
        """Remembers a colour's input at a pixel of this row."""
        self.slots[column][colour].copy_(x)

    def read(self, column: int, colour: int) -> PixelFeatures:
        """A colour's output at a pixel, from all that was written before."""
        return torch.addmm(self.biases[colour], self.patches[column][colour], self.weights[colour])

    def step(self, x: PixelFeatures, column: int, colour: int) -> PixelFeatures:
        """`write`, then `read`."""
        if self.alone:
            return torch.addmm(self.biases[0], x, self.weights[0])
        self.write(x, column, colour)
        return self.read(column, colour)

"""Weight-normalised shifted convolutions, whose scales and biases start from a batch of data."""

from abc import ABC
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.nn.causal import Features
from genzoo.nn.places import Ref
from genzoo.nn.shifted import shifted_conv2d
from genzoo.nn.tape import Tape

_CONSTANT = 1e-6  # a spread below it is of a map that does not vary, and is left as it is


class WeightNormed(nn.Module, ABC):
    """A layer with the weights w = g·v/‖v‖, one g and one norm for each map that goes out.

    Reference: Salimans & Kingma, Weight Normalization, 2016, arXiv:1602.07868, equation 2; §3 for how g and
    the bias start from a batch of data.

    Args:
        inp: maps that come in.
        out: maps that go out.
        rows: of taps.
        columns: of taps.
        scale: standard deviation of each map after `data_dependent`.
    """

    def __init__(self, inp: int, out: int, rows: int, columns: int, *, scale: float = 1.0) -> None:
        super().__init__()
        self.scale, self.starting = scale, False
        bound = (inp * rows * columns) ** -0.5  # as of PyTorch's convolutions
        self.direction = nn.Parameter((torch.rand(out, inp, rows, columns) * 2 - 1) * bound)
        self.gain = nn.Parameter(self.direction.detach().flatten(1).norm(dim=1) * scale)
        self.bias = nn.Parameter(torch.zeros(out))

    def weight(self) -> Float[Tensor, "out inp rows columns"]:
        """g·v/‖v‖."""
        factor = self.gain / self.direction.flatten(1).norm(dim=1)
        return self.direction * factor[:, None, None, None]

    @torch.no_grad()
    def started(self, sums: Float[Tensor, "b out h w"]) -> Float[Tensor, "b out h w"]:
        """Sets gains and biases so that each map has mean 0 and deviation `scale`; the sums so changed."""
        spread, mean = torch.std_mean(sums, (0, 2, 3), correction=0)
        factor = torch.where(spread > _CONSTANT, self.scale / spread.clamp(min=_CONSTANT), 1)
        self.gain.mul_(factor)
        self.bias.sub_(mean).mul_(factor)
        return (sums - mean[:, None, None]) * factor[:, None, None]


@contextmanager
def data_dependent(net: nn.Module) -> Iterator[None]:
    """Inside, a forward pass sets the gains and biases of the weight-normalised layers that it comes by."""
    layers = [layer for layer in net.modules() if isinstance(layer, WeightNormed)]
    for layer in layers:
        layer.starting = True
    try:
        yield
    finally:
        for layer in layers:
            layer.starting = False


class NormedConv2d(WeightNormed):
    """A weight-normalised `shifted_conv2d`.

    Args:
        inp: maps that come in.
        out: maps that go out.
        rows: of taps.
        columns: of taps.
        top: the first row of taps looks so many rows up.
        left: the first column of taps looks so many columns to the left.
        stride: of rows and columns.
        scale: standard deviation of each map after `data_dependent`.
    """

    def __init__(
        self,
        inp: int,
        out: int,
        rows: int = 1,
        columns: int = 1,
        *,
        top: int = 0,
        left: int = 0,
        stride: int = 1,
        scale: float = 1.0,
    ) -> None:
        super().__init__(inp, out, rows, columns, scale=scale)
        self.top, self.left, self.stride = top, left, stride

    def forward(self, x: Features) -> Float[Tensor, "b out _ _"]:
        """The convolution of whole images, ⌈h/stride⌉ by ⌈w/stride⌉."""
        sums = shifted_conv2d(
            x, self.weight(), self.bias, top=self.top, left=self.left, stride=self.stride
        )  # fmt: skip
        return self.started(sums) if self.starting else sums

    def record(
        self, tape: Tape, inputs: Sequence[Ref], outs: Sequence[Ref], starts: Sequence[Tensor | Ref | None]
    ) -> None:
        """The sums of one pixel.

        Args:
            inputs: whose maps, one after the other, are the layer's input.
            outs: the equal parts that the output goes to.
            starts: what each part's sum starts from in place of the bias; None: from what it holds.
        """
        weight = self.weight()
        for part, out, start in zip(weight.chunk(len(outs)), outs, starts, strict=True):
            first = 0
            for x in inputs:
                taps = part[:, first : first + len(x)]
                tape.convolve(x, out, taps, start if first == 0 else None, top=self.top, left=self.left)
                first += len(x)


class NormedEnlarging(WeightNormed):
    """A weight-normalised transposed convolution of stride 2, so that a place becomes 2×2.

    y(i, j) = bias + Σ W(a, b)·x((i − a)/2, (j + left − b)/2) over the taps for which these are whole: no row
    below ⌊i/2⌋ is seen.

    Args:
        inp: maps that come in.
        out: maps that go out.
        columns: of taps; 2 rows.
        left: 1: odd columns look at their right neighbour too.
    """

    def __init__(self, inp: int, out: int, columns: int, *, left: int) -> None:
        super().__init__(inp, out, 2, columns)
        self.left = left

    def forward(self, x: Features, size: tuple[int, int]) -> Float[Tensor, "b out _ _"]:
        """Whole images of `size` (h, w), at most twice that of x."""
        whole = F.conv_transpose2d(x, self.weight().transpose(0, 1), self.bias, stride=2)
        sums = whole[:, :, : size[0], self.left : self.left + size[1]]
        return self.started(sums) if self.starting else sums

    def taps(self, row: int, column: int) -> tuple[Float[Tensor, "out inp 1 _"], int]:
        """The taps of places with these remainders by 2, in the order of what they look at; their `left`."""
        rows = self.weight()[:, :, row : row + 1]
        first = (column + self.left) % 2
        used = rows[:, :, :, first::2].flip(3)  # of a later tap the input lies further left
        return used, used.shape[3] - 1 - (column + self.left) // 2

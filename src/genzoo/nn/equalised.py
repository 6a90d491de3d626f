"""Equalised learning rates and pixel normalisation: what keeps a progressive pair's signals in bounds.

Reference: Karras, Aila, Laine & Lehtinen (2018), arXiv:1710.10196, sections 4.1 and 4.2.
"""

from math import sqrt

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

GAIN = sqrt(2)  # He's, of a layer that a rectifier follows
_EPSILON = 1e-8


class EqualisedConv2d(nn.Conv2d):
    """A convolution that keeps the size of maps, its weights scaled as it runs and not at the start.

    The weights w begin as N(0, 1), the biases as 0, and the kernel is w·gain/√(inp·kernel²), He's constant.
    So an optimiser whose steps do not know the gradient's scale, such as Adam, moves all layers alike.

    Args:
        inp: channels that come in.
        out: channels that go out.
        kernel: side of the kernel, odd.
        gain: standard deviation of what comes out, over the root mean square of what comes in.
    """

    def __init__(self, inp: int, out: int, kernel: int, gain: float = GAIN) -> None:
        super().__init__(inp, out, kernel, padding=kernel // 2)
        self.scale = gain / sqrt(inp * kernel**2)

    def reset_parameters(self) -> None:
        """Weights from N(0, 1), biases 0."""
        _reset(self)

    def forward(self, x: Float[Tensor, "b inp h w"]) -> Float[Tensor, "b out h w"]:
        """Maps of the same size."""
        return self._conv_forward(x, self.weight * self.scale, self.bias)


class EqualisedLinear(nn.Linear):
    """A linear layer scaled as `EqualisedConv2d` is: its matrix is w·gain/√inp with w from N(0, 1).

    Args:
        inp: numbers that come in.
        out: numbers that go out.
        gain: standard deviation of what comes out, over the root mean square of what comes in.
        bias: whether a learned number is added to each.
    """

    def __init__(self, inp: int, out: int, gain: float = GAIN, *, bias: bool = True) -> None:
        super().__init__(inp, out, bias=bias)
        self.scale = gain / sqrt(inp)

    def reset_parameters(self) -> None:
        """Weights from N(0, 1), biases 0."""
        _reset(self)

    def forward(self, x: Float[Tensor, "b inp"]) -> Float[Tensor, "b out"]:
        """Numbers of each item."""
        return F.linear(x, self.weight * self.scale, self.bias)


class PixelNorm(nn.Module):
    """b = a/√(mean of a² over the channels + 10⁻⁸) at each pixel: the vectors of all get the same length."""

    def forward(self, x: Float[Tensor, "b k *places"]) -> Float[Tensor, "b k *places"]:
        """The normalised maps."""
        return x * (x.square().mean(1, keepdim=True) + _EPSILON).rsqrt()


def _reset(layer: nn.Conv2d | nn.Linear) -> None:
    nn.init.normal_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)

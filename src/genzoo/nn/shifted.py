"""Shifted convolutions: all their taps lie above the present pixel, or above it and to its left."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from genzoo.nn.causal import Features


def shifted_conv2d(
    x: Features,
    weight: Float[Tensor, "out inp rows columns"],
    bias: Float[Tensor, " out"] | None,
    *,
    top: int = 0,
    left: int = 0,
    stride: int = 1,
) -> Float[Tensor, "b out _ _"]:
    """y(i, j) = bias + Σ W(a, b)·x(s·i + a − top, s·j + b − left), zeros beyond the border.

    It is `Tape.convolve` on whole images. y has ⌈h/s⌉ rows and ⌈w/s⌉ columns.

    Args:
        x: feature maps, shape (b, inp, h, w).
        weight: all of its taps are used.
        bias: None: 0.
        top: the first row of taps looks so many rows up; 0 ≤ top.
        left: the first column of taps looks so many columns to the left.
        stride: s.
    """
    rows, columns = weight.shape[2:]
    right, below = columns - 1 - left, rows - 1 - top
    if left == right:  # the convolution pads the columns itself
        padding = (0, 0, top, below) if top or below else None
        x = F.pad(x, padding) if padding else x
        return F.conv2d(x, weight, bias, stride=stride, padding=(0, left))
    return F.conv2d(F.pad(x, (left, right, top, below)), weight, bias, stride=stride)

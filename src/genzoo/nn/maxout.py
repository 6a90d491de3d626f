"""Maxout: units that learn their own convex activation."""

from jaxtyping import Float
from torch import Tensor, nn

from genzoo.errors import BadInput


class Maxout(nn.Module):
    """h_j(x) = max_i (w_ijᵀ·x + b_ij), the largest of `pieces` linear units each; convex in x.

    Where several are largest, the gradient is shared equally among them.

    Reference: Goodfellow et al., Maxout Networks, 2013, arXiv:1302.4389, section 3.

    >>> Maxout(6, 4, pieces=3).linear.out_features
    12

    Args:
        inp: numbers that come in.
        out: units.
        pieces: linear units of which a unit is the largest.
    """

    def __init__(self, inp: int, out: int, pieces: int = 5) -> None:
        super().__init__()
        if pieces < 1:
            raise BadInput(f"pieces must be at least 1, got {pieces}")
        self.out, self.pieces = out, pieces
        self.linear = nn.Linear(inp, out * pieces)

    def forward(self, x: Float[Tensor, "b inp"]) -> Float[Tensor, "b out"]:
        """The units' values."""
        return self.linear(x).unflatten(1, (self.pieces, self.out)).amax(1)

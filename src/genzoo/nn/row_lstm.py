"""Row LSTM: a convolutional LSTM that goes over an image row by row, downwards."""

from functools import lru_cache

import torch
from torch import nn

from genzoo.nn.causal import CausalLayer, Features
from genzoo.nn.line_lstm import Lines, line_lstm, record_cell
from genzoo.nn.masked import MaskedConv2d, colour_groups
from genzoo.nn.places import Ref
from genzoo.nn.tape import Tape


@lru_cache(maxsize=32)
def rows(height: int, width: int) -> Lines:
    """The rows of an image; a pixel sees the three above it, its cell comes from straight above."""
    pixels = [[(row, column) for column in range(width)] for row in range(height)]
    return Lines(pixels, taps=[(-1, -1), (-1, 0), (-1, 1)], carry=1)


class RowLSTMLayer(CausalLayer):
    """[o f i g] = [σ σ σ tanh](K_ss ∗ h_{r−1} + K_is ∗ x_r), c_r = f c_{r−1} + i g, h_r = o tanh(c_r).

    K_is is a masked 3×1 convolution along the row, of the whole map at once; K_ss an unmasked 3×1 convolution
    of the row above, zero beyond the border as are the states above the first row. A pixel sees the triangle
    above it, one more column to each side for each row up.

    Reference: van den Oord, Kalchbrenner & Kavukcuoglu, Pixel Recurrent Neural Networks, 2016,
    arXiv:1601.06759, §3.1 and equation 3. The paper has K_is of width 3 or more; that the first state is zero
    and not learnt is a choice of ours, the paper does not say.

    Args:
        inp: feature maps that come in.
        width: h, feature maps of the state.
        colours: how many colours a pixel has, drawn one after the other.
    """

    def __init__(self, inp: int, width: int, *, colours: int = 1) -> None:
        super().__init__()
        self.groups = colour_groups(width, colours)
        self.from_input = MaskedConv2d(inp, 4 * width, 3, mask="B", colours=colours, rows=1, parts=4)
        self.from_state = nn.Parameter((torch.rand(1, 3, width, 4 * width) * 2 - 1) * (3 * width) ** -0.5)

    def forward(self, x: Features) -> Features:
        """The states h at every pixel, shape (b, width, h, w)."""
        (hidden,) = line_lstm([self.from_input(x)], self.from_state, rows(*x.shape[2:]))
        return hidden

    def record(self, tape: Tape, x: Ref) -> Ref:
        """At the start of a row what the row above adds, to every column; at a pixel the rest."""
        hidden, cell = (tape.buffer(self.groups) for _ in range(2))
        hidden.moved(down=-1, along=1)
        above = hidden.moved(down=-1, along=-1)  # and the two columns after it
        weights, biases = self.from_state[0].flatten(0, 1).chunk(4, 1), self.from_input.bias.chunk(4)
        with tape.row():
            start = [tape.buffer(self.groups) for _ in weights]
            for gate, weight, bias in zip(start, weights, biases, strict=True):
                tape.linear(gate, [(above, weight)], bias)
        gates = self.from_input.record_parts(tape, x, start=start)
        record_cell(tape, gates, cell.moved(down=-1), cell, hidden)
        return hidden

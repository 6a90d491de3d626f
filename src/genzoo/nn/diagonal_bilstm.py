"""Diagonal BiLSTM: LSTMs that go over an image diagonal by diagonal, from both of its upper corners."""

from functools import lru_cache

import torch
from torch import nn

from genzoo.nn.causal import CausalLayer, Features
from genzoo.nn.line_lstm import Lines, line_lstm, record_cell
from genzoo.nn.masked import MaskedConv2d, colour_groups
from genzoo.nn.places import Ref, When
from genzoo.nn.tape import Tape


@lru_cache(maxsize=32)
def diagonals(height: int, width: int) -> Lines:
    """The diagonals of an image from its top left corner: its columns, when each row is skewed by one more.

    A pixel sees the one above and the one to its left, from where its cell comes.
    """
    pixels = [
        [(row, step - row) for row in range(max(0, step - width + 1), min(height, step + 1))]
        for step in range(height + width - 1)
    ]
    return Lines(pixels, taps=[(-1, 0), (0, -1)], carry=1)


class DiagonalBiLSTMLayer(CausalLayer):
    """The sum of an LSTM rightwards and, a row further down, one leftwards: all that lies before a pixel.

    Each is [o f i g] = [σ σ σ tanh](K_is x(r, s) + K_a h(r − 1, s) + K_b h(r, s − 1)),
    c(r, s) = f c(r, s − 1) + i g, h = o tanh(c), where s counts columns in its direction. K_is is
    a 1×1 convolution with mask B, of the whole map at once; K_a and K_b, the 2×1 convolution of the skewed
    map, have no mask, as the states are other pixels'. States beyond the border are zero. The leftward
    h(r − 1, ·) is added at row r, so that nothing is seen that comes later.

    Reference: van den Oord, Kalchbrenner & Kavukcuoglu, Pixel Recurrent Neural Networks, 2016,
    arXiv:1601.06759, §3.2 and figure 3. That the first state is zero and not learnt is a choice of ours; the
    paper does not say.

    Args:
        inp: feature maps that come in.
        width: h, feature maps of the state.
        colours: how many colours a pixel has, drawn one after the other.
    """

    def __init__(self, inp: int, width: int, *, colours: int = 1) -> None:
        super().__init__()
        self.groups = colour_groups(width, colours)
        self.rightwards, self.leftwards = (
            MaskedConv2d(inp, 4 * width, 1, mask="B", colours=colours, parts=4) for _ in range(2)
        )
        #: (direction, above | beside, maps, gates)
        self.from_state = nn.Parameter((torch.rand(2, 2, width, 4 * width) * 2 - 1) * (2 * width) ** -0.5)

    def forward(self, x: Features) -> Features:
        """The states h at every pixel, shape (b, width, h, w)."""
        inputs = [self.rightwards(x), self.leftwards(x)]
        right, left = line_lstm(inputs, self.from_state, diagonals(*x.shape[2:]))
        return torch.cat([right[:, :, :1], right[:, :, 1:] + left[:, :, :-1]], 2)

    def record(self, tape: Tape, x: Ref) -> Ref:
        """At the start of a row the leftward LSTM over the row above; at a pixel the rightward one."""
        with tape.row(leftwards=True), tape.when(When(first_row=1)):
            left = self._record(tape, x.moved(down=-1), direction=1)
        return tape.map("add", self._record(tape, x, direction=0), left)

    def _record(self, tape: Tape, x: Ref, direction: int) -> Ref:
        """One of the LSTMs; its neighbours above and beside are those of the place it is recorded at."""
        from_input, before = (self.rightwards, self.leftwards)[direction], 2 * direction - 1
        hidden, cell, *start = (tape.buffer(self.groups) for _ in range(6))
        above, beside = (weight.chunk(4, 1) for weight in self.from_state[direction])
        for gate, *weights, bias in zip(start, above, beside, from_input.bias.chunk(4), strict=True):
            neighbours = hidden.moved(down=-1), hidden.moved(along=before)
            tape.linear(gate, list(zip(neighbours, weights, strict=True)), bias)
        gates = from_input.record_parts(tape, x, start=start)
        record_cell(tape, gates, cell.moved(along=before), cell, hidden)
        return hidden

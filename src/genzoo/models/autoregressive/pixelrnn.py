"""PixelRNN: p(x) = Π p(xᵢ | x₁ … xᵢ₋₁) by layers of a two-dimensional LSTM, of either kind."""

from abc import abstractmethod
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.errors import BadInput
from genzoo.models.autoregressive.base import Autoregressive
from genzoo.models.autoregressive.outputs import OutputName, output_named
from genzoo.nn.causal import CausalLayer, CausalResidual, CausalSequential
from genzoo.nn.masked import MaskedConv2d, two_layer_head
from genzoo.nn.tape import Tape
from genzoo.types import Given


class PixelRNN(Autoregressive):
    """A masked convolution to 2h maps, LSTM layers of h maps with residual connections, two 1×1 layers.

    A layer's h maps go through a 1×1 convolution to 2h maps, which are added to what came in (figure 5).

    Reference: van den Oord, Kalchbrenner & Kavukcuoglu, Pixel Recurrent Neural Networks, 2016,
    arXiv:1601.06759, §3 and table 1.

    Args:
        shape: (c, h, w), any of each.
        levels: how many evenly spaced values a pixel takes, 2 to 256.
        output: "softmax" over the levels, "binary" (one logit; 2 levels) or "mixture" (of logistics).
        components: of the mixture.
        width: h, feature maps of an LSTM's state; the residual stream has 2h.
        layers: LSTM layers.
        kernel: side of the first convolution.
        head: feature maps between the two 1×1 layers.
    """

    def __init__(
        self,
        shape: Sequence[int] = (1, 28, 28),
        *,
        levels: int = 256,
        output: OutputName = "softmax",
        components: int = 10,
        width: int = 16,
        layers: int = 3,
        kernel: int = 7,
        head: int = 64,
    ) -> None:
        super().__init__(shape, output_named(output, shape[0], levels, components))
        if kernel < 1 or kernel % 2 == 0:
            raise BadInput(f"kernel must be odd, as a masked kernel has a centre, got {kernel}")
        if layers < 1:
            raise BadInput(f"layers must be at least 1, got {layers}")
        colours = self.output.steps
        self.first = MaskedConv2d(self.shape[0], 2 * width, kernel, mask="A", colours=colours)
        self.body = CausalSequential(*[self._residual(width, colours) for _ in range(layers)])
        self.head = two_layer_head(2 * width, head, self.output.parameters, colours)

    @classmethod
    @abstractmethod
    def lstm(cls, inp: int, width: int, colours: int) -> CausalLayer:
        """An LSTM layer of this kind, from `inp` feature maps to `width`."""

    def _residual(self, width: int, colours: int) -> CausalResidual:
        up = MaskedConv2d(width, 2 * width, 1, mask="B", colours=colours)
        return CausalResidual(CausalSequential(self.lstm(2 * width, width, colours), up))

    def parameters_of(self, seen: Float[Tensor, "b c h w"], given: Given | None) -> Float[Tensor, "b _ h w"]:
        """One pass of the stack."""
        # The 1×1 convolutions are one matrix product each where the maps of a pixel lie together.
        features = self.first(seen).contiguous(memory_format=torch.channels_last)
        return self.head(self.body(features))

    def record(self, tape: Tape, given: Given | None) -> None:
        """One more pixel of the stack."""
        pixels = tape.pixels(self.output.channels, self.output.steps)
        tape.raster(pixels, self.head.record(tape, self.body.record(tape, self.first.record(tape, pixels))))

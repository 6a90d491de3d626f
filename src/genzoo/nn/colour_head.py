"""A head that brings in the earlier colours of the pixel, over features of whole pixels."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.nn.causal import Features
from genzoo.nn.masked import MaskedConv2d
from genzoo.nn.places import Ref
from genzoo.nn.tape import Tape
from genzoo.nn.weight_norm import NormedConv2d


class ColourHead(nn.Module):
    """Parameters of each colour given features f of the earlier pixels, and this pixel's earlier colours.

    W₂·ELU(W₁·f + A·x), with A masked so that a colour sees those before it only and W₂ so that it sees its
    own hidden maps and theirs.

    Args:
        features: maps of f.
        channels: of a pixel x.
        colours: how many are drawn one after the other.
        hidden: maps between the two layers.
        parameters: of all colours.
    """

    def __init__(self, features: int, channels: int, colours: int, *, hidden: int, parameters: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.first = NormedConv2d(features, hidden)
        self.colours = MaskedConv2d(channels, hidden, 1, mask="A", colours=colours)
        self.second = MaskedConv2d(hidden, parameters, 1, mask="B", colours=colours)

    def forward(self, features: Features, seen: Float[Tensor, "b c h w"]) -> Features:
        """Whole images."""
        return self.second(F.elu(self.first(features) + self.colours(seen)))

    def record(self, tape: Tape, features: Ref, pixels: Ref) -> Ref:
        """A pixel."""
        link = tape.buffer(self.hidden)
        self.first.record(tape, [features], [link], [self.first.bias + self.colours.bias])
        (sums,) = self.colours.record_parts(tape, pixels, start=[link])
        return self.second.record(tape, tape.map("elu", sums))

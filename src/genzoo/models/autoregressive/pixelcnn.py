"""PixelCNN: p(x) = Π p(xᵢ | x₁ … xᵢ₋₁) by one stack of masked convolutions."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from genzoo.errors import BadInput
from genzoo.models.autoregressive.base import Autoregressive
from genzoo.models.autoregressive.outputs import OutputName, output_named
from genzoo.models.registry import register
from genzoo.nn.causal import CausalResidual, CausalSequential, Pointwise
from genzoo.nn.masked import MaskedConv2d, two_layer_head
from genzoo.nn.tape import Tape
from genzoo.types import Given


def residual_block(width: int, colours: int) -> CausalResidual:
    """2h → h by 1×1, h → h by 3×3, h → 2h by 1×1, each after a ReLU, added to what came in (figure 5)."""
    layers: list[nn.Module] = []
    for inp, out, kernel in ((2 * width, width, 1), (width, width, 3), (width, 2 * width, 1)):
        layers += [Pointwise(nn.ReLU()), MaskedConv2d(inp, out, kernel, mask="B", colours=colours)]
    return CausalResidual(CausalSequential(*layers))


@register(
    "pixelcnn",
    place="likelihood/explicit/tractable/autoregressive",
    title="PixelCNN",
    formula="p(x) = Π p(xᵢ | x₁ … xᵢ₋₁), each factor a softmax over levels, by masked convolutions",
    reference="van den Oord, Kalchbrenner & Kavukcuoglu, 2016, arXiv:1601.06759",
    objective={"class": "NegativeLogLikelihood"},
    tiny={
        "": {"shape": (1, 6, 6), "levels": 2, "width": 4, "blocks": 1, "head": 8},
        "rgb": {"shape": (3, 5, 4), "levels": 4, "width": 6, "blocks": 1, "head": 12},
        "binary": {"shape": (1, 5, 6), "levels": 2, "output": "binary", "width": 4, "blocks": 1, "head": 8},
        "mixture": {
            "shape": (3, 4, 5), "levels": 8, "output": "mixture", "components": 2, "width": 4, "blocks": 1,
        },
    },
    optimizer={"name": "adam", "lr": 1e-3},
)  # fmt: skip
class PixelCNN(Autoregressive):
    """Exact p(x) of images, pixel by pixel in raster order and colour by colour within a pixel (R, G, B).

    log p(x) = Σᵢ log p(xᵢ | x₁ … xᵢ₋₁): a 7×7 convolution with mask A, residual blocks with mask B, two 1×1
    layers with mask B, and a softmax over the levels of each pixel and colour.

    One stack of masked convolutions has a blind spot: with 7×7 and 3×3 kernels a pixel does not see those
    r rows up and more than r + 2 columns to the right, however many blocks there are (van den Oord et al.,
    Conditional Image Generation with PixelCNN Decoders, 2016, arXiv:1606.05328, figure 1).

    Reference: van den Oord, Kalchbrenner & Kavukcuoglu, Pixel Recurrent Neural Networks, 2016,
    arXiv:1601.06759, §3.4 and table 1. Its PixelCNN for CIFAR-10 is width 128, blocks 15, head 1024; the
    defaults here are a net that a CPU can train. The second 1×1 layer is the one that gives the logits.

    Args:
        shape: (c, h, w), any of each.
        levels: how many evenly spaced values a pixel takes, 2 to 256.
        output: "softmax" over the levels, "binary" (one logit; 2 levels) or "mixture" (of logistics).
        components: of the mixture.
        width: h; the residual stream has 2h feature maps, the 3×3 convolutions h.
        blocks: residual blocks.
        kernel: side of the first convolution, 7 in the paper. The net sees blocks + ⌊kernel/2⌋ rows up, and a
            wide first kernel is the cheap way to see far.
        head: feature maps between the two 1×1 layers.

    >>> PixelCNN((3, 4, 4), levels=8, width=6, blocks=1, head=6).sample(2).shape
    torch.Size([2, 3, 4, 4])
    """

    def __init__(
        self,
        shape: Sequence[int] = (1, 28, 28),
        *,
        levels: int = 256,
        output: OutputName = "softmax",
        components: int = 10,
        width: int = 32,
        blocks: int = 7,
        kernel: int = 7,
        head: int = 64,
    ) -> None:
        super().__init__(shape, output_named(output, shape[0], levels, components))
        if kernel < 1 or kernel % 2 == 0:
            raise BadInput(f"kernel must be odd, as a masked kernel has a centre, got {kernel}")
        c, self.colours = self.shape[0], self.output.steps
        self.first = MaskedConv2d(c, 2 * width, kernel, mask="A", colours=self.colours)
        self.body = CausalSequential(*[residual_block(width, self.colours) for _ in range(blocks)])
        self.head = two_layer_head(2 * width, head, self.output.parameters, self.colours)

    def parameters_of(self, seen: Float[Tensor, "b c h w"], given: Given | None) -> Float[Tensor, "b _ h w"]:
        """One pass of the stack."""
        features = self.first(seen)
        # A 1×1 convolution, most of this net, is one matrix product where the maps of a pixel lie together.
        features = features.contiguous(memory_format=torch.channels_last)
        return self.head(self.body(features))

    def record(self, tape: Tape, given: Given | None) -> None:
        """One more pixel of the stack."""
        pixels = tape.pixels(self.output.channels, self.output.steps)
        tape.raster(pixels, self.head.record(tape, self.body.record(tape, self.first.record(tape, pixels))))

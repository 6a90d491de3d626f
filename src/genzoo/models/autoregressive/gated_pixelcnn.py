"""Gated PixelCNN: two stacks of gated convolutions, no blind spot, and any condition."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from genzoo.errors import BadInput
from genzoo.models.autoregressive.base import Autoregressive
from genzoo.models.autoregressive.conditions import Conditions
from genzoo.models.autoregressive.outputs import OutputName, output_named
from genzoo.models.registry import register
from genzoo.nn.gated import GatedLayer
from genzoo.nn.masked import two_layer_head
from genzoo.nn.tape import Tape
from genzoo.types import Given


@register(
    "gated-pixelcnn",
    place="likelihood/explicit/tractable/autoregressive",
    title="Gated PixelCNN",
    formula="p(x|s) = Π p(xᵢ | x₁ … xᵢ₋₁, s), y = tanh(W_f∗x + V_f·s)·σ(W_g∗x + V_g·s) in two stacks",
    reference="van den Oord, Kalchbrenner, Vinyals, Espeholt, Graves & Kavukcuoglu, 2016, arXiv:1606.05328",
    objective={"class": "NegativeLogLikelihood"},
    tiny={
        "": {"shape": (1, 6, 6), "levels": 2, "output": "binary", "width": 6, "layers": 2, "head": 8},
        "rgb": {"shape": (3, 4, 5), "levels": 4, "width": 6, "layers": 2, "head": 12},
        "mixture": {
            "shape": (3, 5, 4), "levels": 8, "output": "mixture", "components": 2, "width": 4, "layers": 2,
        },
        "classes": {"shape": (1, 5, 5), "levels": 3, "width": 4, "layers": 2, "head": 8, "classes": 3},
    },
    optimizer={"name": "adam", "lr": 1e-3},
)  # fmt: skip
class GatedPixelCNN(Autoregressive):
    """Exact p(x) or p(x|s), pixel by pixel in raster order and colour by colour within a pixel (R, G, B).

    log p(x) = Σᵢ log p(xᵢ | x₁ … xᵢ₋₁, s): gated layers, each of a vertical stack over the rows above and a
    horizontal one along the row, then two 1×1 layers. There is no blind spot: each layer widens what is seen
    of the rows above by ⌊kernel/2⌋ rows and as many columns to both sides.

    The condition s is a label (one-hot), a vector, or a map made of a picture, by which a small image is
    enlarged and a grey one coloured.

    Reference: van den Oord, Kalchbrenner, Vinyals, Espeholt, Graves & Kavukcuoglu, Conditional Image
    Generation with PixelCNN Decoders, 2016, arXiv:1606.05328. Its net for ImageNet has 20 layers of width 384
    with 5×5 kernels (§3.2) and a softmax over 256 levels; the side of the first kernel is not given there, 7
    is PixelCNN's. The defaults here are a net that a CPU can train.

    Args:
        shape: (c, h, w), any of each.
        levels: how many evenly spaced values a pixel takes, 2 to 256.
        output: "softmax" over the levels, "binary" (one logit; 2 levels) or "mixture" (of logistics).
        components: of the mixture.
        width: p, feature maps of each stack.
        layers: gated layers, the first included.
        kernel: side of the first layer's kernels, odd, at least 3.
        inner: side of the other layers' kernels, odd, at least 3.
        head: feature maps between the two 1×1 layers.
        classes: of the labels that images are drawn and scored under; 0: without labels.
        vector: numbers of the vector that they are drawn and scored under; 0: without.
        picture: (c, h, w) of the picture that they are drawn and scored under, sides that divide the image's;
            (): without.

    >>> GatedPixelCNN((3, 4, 4), levels=8, width=6, layers=2, head=6).sample(2).shape
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
        layers: int = 8,
        kernel: int = 7,
        inner: int = 3,
        head: int = 64,
        classes: int = 0,
        vector: int = 0,
        picture: Sequence[int] = (),
    ) -> None:
        super().__init__(shape, output_named(output, shape[0], levels, components))
        for name, side in (("kernel", kernel), ("inner", inner)):
            if side < 3 or side % 2 == 0:
                raise BadInput(f"{name} must be odd and at least 3, got {side}")
        if layers < 1:
            raise BadInput(f"layers must be at least 1, got {layers}")
        c, h, w = self.shape
        self.conditions = Conditions((h, w), classes=classes, vector=vector, picture=picture, width=width)
        self.requires, self.condition_shape = self.conditions.requires, self.conditions.shape
        colours, s = self.output.steps, self.conditions.maps
        first = GatedLayer(c, width, kernel, colours=colours, condition=s, first=True)
        rest = [GatedLayer(width, width, inner, colours=colours, condition=s) for _ in range(layers - 1)]
        self.layers = nn.ModuleList([first, *rest])
        self.head = two_layer_head(width, head, self.output.parameters, colours)

    def parameters_of(self, seen: Float[Tensor, "b c h w"], given: Given | None) -> Float[Tensor, "b _ h w"]:
        """One pass of both stacks."""
        v = h = seen
        condition = self.conditions(given, self.like)
        for layer in self.layers:
            v, h = layer(v, h, condition)
        return self.head(h)

    def record(self, tape: Tape, given: Given | None) -> None:
        """One more pixel of both stacks."""
        v = h = pixels = tape.pixels(self.output.channels, self.output.steps)
        condition = self.conditions(given, self.like)
        for layer in self.layers:
            assert isinstance(layer, GatedLayer)
            v, h = layer.record(tape, v, h, condition)
        tape.raster(pixels, self.head.record(tape, h))

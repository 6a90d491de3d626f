"""PixelCNN++: a U-shaped causal net and a mixture of logistics for all colours of a pixel at once."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from genzoo.errors import BadInput
from genzoo.models.autoregressive.base import Autoregressive, seen_as
from genzoo.models.autoregressive.conditions import Conditions
from genzoo.models.autoregressive.outputs import OutputName, output_named
from genzoo.models.registry import register
from genzoo.nn.colour_head import ColourHead
from genzoo.nn.shifted_unet import ShiftedUNet
from genzoo.nn.tape import Tape
from genzoo.nn.weight_norm import NormedConv2d, data_dependent
from genzoo.types import Given, Images


@register(
    "pixelcnn-pp",
    place="likelihood/explicit/tractable/autoregressive",
    title="PixelCNN++",
    formula="p(x) = Π p(xᵢ | x₁ … xᵢ₋₁) over pixels, each Σₖ πₖ Π_c Logistic(x_c | μₖ, sₖ), by a U-net",
    reference="Salimans, Karpathy, Chen & Kingma, 2017, arXiv:1701.05517",
    objective={"class": "NegativeLogLikelihood"},
    tiny={
        "": {"shape": (1, 5, 6), "levels": 2, "output": "binary", "width": 4, "blocks": 1},
        "mixture": {"shape": (3, 5, 4), "levels": 8, "components": 2, "width": 4, "blocks": 1},
        "rgb": {
            "shape": (3, 4, 3), "levels": 4, "output": "softmax", "width": 4, "blocks": 1, "scales": 2,
            "head": 6,
        },
        "classes": {"shape": (1, 4, 5), "levels": 5, "components": 2, "width": 4, "blocks": 1, "classes": 3},
    },
    optimizer={"name": "adam", "lr": 1e-3},
)  # fmt: skip
class PixelCNNPP(Autoregressive):
    """Exact p(x) or p(x|s), pixel by pixel in raster order, by default all colours of a pixel at once.

    log p(x) = Σᵢ log p(xᵢ | x₁ … xᵢ₋₁, s) over the pixels xᵢ. A stream of down-shifted convolutions knows the
    rows above a pixel, one of down-right-shifted convolutions the row so far too; both go through gated
    residual blocks at full, half and quarter resolution and back up, with skip connections. Weights are
    normalised, and their scales start from the first batch.

    With the outputs "binary" and "softmax" the colours of a pixel are drawn one after the other: a small net
    at the end brings in those before.

    Reference: Salimans, Karpathy, Chen & Kingma, PixelCNN++, 2017, arXiv:1701.05517. Its net for CIFAR-10 is
    width 160, blocks 5, scales 3, components 10, dropout 0.5 (§3, figure 2), learned with Adam and averaged
    with a decay of 0.9995. The defaults here are a net that a CPU can train.

    Args:
        shape: (c, h, w), any of each: odd sizes are halved rounding up, and cropped after doubling.
        levels: how many evenly spaced values a pixel takes, 2 to 256.
        output: "mixture" (of logistics), "softmax" over the levels or "binary" (one logit; 2 levels).
        components: of the mixture.
        width: feature maps of each stream.
        blocks: residual blocks of each resolution on the way down.
        scales: resolutions.
        dropout: the share of a block's inner features that is left out in training.
        head: feature maps of the net for colours that are drawn one after the other.
        classes: of the labels that images are drawn and scored under; 0: without labels.
        vector: numbers of the vector that they are drawn and scored under; 0: without.
        picture: (c, h, w) of the picture that they are drawn and scored under, sides that divide the image's;
            (): without.

    >>> PixelCNNPP((3, 5, 4), levels=8, width=4, blocks=1).sample(2).shape
    torch.Size([2, 3, 5, 4])
    """

    def __init__(
        self,
        shape: Sequence[int] = (1, 28, 28),
        *,
        levels: int = 256,
        output: OutputName = "mixture",
        components: int = 10,
        width: int = 32,
        blocks: int = 1,
        scales: int = 3,
        dropout: float = 0.5,
        head: int = 64,
        classes: int = 0,
        vector: int = 0,
        picture: Sequence[int] = (),
    ) -> None:
        super().__init__(shape, output_named(output, shape[0], levels, components))
        if min(width, blocks, scales) < 1:
            raise BadInput(f"width, blocks and scales must be at least 1, got {width}, {blocks} and {scales}")
        if not 0 <= dropout < 1:
            raise BadInput(f"dropout must be at least 0 and below 1, got {dropout}")
        c, h, w = self.shape
        self.conditions = Conditions((h, w), classes=classes, vector=vector, picture=picture, width=width)
        self.requires, self.condition_shape = self.conditions.requires, self.conditions.shape
        self.body = ShiftedUNet(
            c, width, blocks=blocks, scales=scales, condition=self.conditions.maps, dropout=dropout
        )
        steps, parameters = self.output.steps, self.output.parameters
        self.head = (
            NormedConv2d(width, parameters)
            if steps == 1
            else ColourHead(width, c, steps, hidden=head, parameters=parameters)
        )

    def parameters_of(self, seen: Float[Tensor, "b c h w"], given: Given | None) -> Float[Tensor, "b _ h w"]:
        """One pass of both streams."""
        features = F.elu(self.body(seen, self.conditions(given, self.like)).maps)
        return self.head(features, seen) if isinstance(self.head, ColourHead) else self.head(features)

    def record(self, tape: Tape, given: Given | None) -> None:
        """One more pixel of both streams."""
        pixels = tape.pixels(self.output.channels, self.output.steps)
        features = self.body.record(tape, pixels, self.conditions(given, self.like)).elu[0]
        if isinstance(self.head, ColourHead):
            out = self.head.record(tape, features, pixels)
        else:
            out = tape.buffer(self.output.parameters)
            self.head.record(tape, [features], [out], [self.head.bias])
        tape.raster(pixels, out)

    @torch.no_grad()
    def initialise(self, images: Images, given: Given | None = None) -> None:
        """Sets each layer's scales and biases so that what it puts out has mean 0 and standard deviation 1.

        Of a block's last layer it is 0.1. Reference: arXiv:1602.07868, §3.

        Args:
            images: a batch of data, shape (b, c, h, w).
            given: its conditions.
        """
        self.check(images, given)
        with data_dependent(self):
            self.parameters_of(seen_as(images.to(self.like.dtype)), given)

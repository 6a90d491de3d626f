"""PixelCNN: p(x) = Π p(xᵢ | x₁ … xᵢ₋₁) by one stack of masked convolutions."""

from collections.abc import Sequence

import torch
from einops import rearrange
from torch import Tensor, nn

from genzoo.densities.categorical import Categorical, draw_levels, on_grid
from genzoo.errors import BadInput
from genzoo.models.base import Model
from genzoo.models.registry import register
from genzoo.nn.cached import CausalResidual, CausalSequential, Pointwise
from genzoo.nn.masked import MaskedConv2d
from genzoo.random import uniform
from genzoo.types import Given, Images, Known, Nats


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
    },
    optimizer={"name": "adam", "lr": 1e-3},
)
class PixelCNN(Model):
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
        width: h; the residual stream has 2h feature maps, the 3×3 convolutions h.
        blocks: residual blocks.
        kernel: side of the first convolution, 7 in the paper. The net sees blocks + ⌊kernel/2⌋ rows up, and a
            wide first kernel is the cheap way to see far.
        head: feature maps between the two 1×1 layers.

    >>> PixelCNN((3, 4, 4), levels=8, width=6, blocks=1, head=6).sample(2).shape
    torch.Size([2, 3, 4, 4])
    """

    levels: int

    def __init__(
        self,
        shape: Sequence[int] = (1, 28, 28),
        *,
        levels: int = 256,
        width: int = 32,
        blocks: int = 7,
        kernel: int = 7,
        head: int = 64,
    ) -> None:
        super().__init__(shape)
        if len(self.shape) != 3:
            raise BadInput(f"PixelCNN takes images of shape (c, h, w), got {self.shape}")
        if not 2 <= levels <= 256:
            raise BadInput(f"levels must be from 2 to 256, got {levels}")
        if kernel < 1 or kernel % 2 == 0:
            raise BadInput(f"kernel must be odd, as a masked kernel has a centre, got {kernel}")
        self.levels = levels
        self.colours = c = self.shape[0]
        self.first = MaskedConv2d(c, 2 * width, kernel, mask="A", colours=c)
        self.body = CausalSequential(*[residual_block(width, c) for _ in range(blocks)])
        self.head = CausalSequential(
            Pointwise(nn.ReLU()),
            MaskedConv2d(2 * width, head, 1, mask="B", colours=c),
            Pointwise(nn.ReLU()),
            MaskedConv2d(head, c * levels, 1, mask="B", colours=c),
        )

    def conditionals(self, images: Images, given: Given | None = None) -> Categorical:
        """p(xᵢ | x₁ … xᵢ₋₁) of every pixel and colour at once, shape (b, levels, c, h, w)."""
        self.check(images, given)
        features = self.first(_centred(images.to(self.like.dtype)))
        # A 1×1 convolution, most of this net, is one matrix product where the maps of a pixel lie together.
        features = features.contiguous(memory_format=torch.channels_last)
        logits = self.head(self.body(features)).to(self.like.dtype)  # under autocast too
        return Categorical(rearrange(logits, "b (c k) h w -> b k c h w", k=self.levels))

    def log_prob(self, images: Images, given: Given | None = None) -> Nats:
        """Exact log p(x), nats; a ValueError for images whose pixels are not on the grid of levels."""
        return self.conditionals(images, given).log_prob(images)

    def sample(self, n: int, given: Given | None = None, *, temperature: float = 1.0) -> Images:
        """`n` new images; each pixel costs only what it adds."""
        self.check_given(given)
        blank = self.like.new_zeros(n, *self.shape)
        nothing = torch.zeros(n, 1, *self.shape[1:], dtype=torch.bool, device=blank.device)
        return self._draw(blank, nothing, temperature)

    def complete(
        self, images: Images, known: Known, given: Given | None = None, *, temperature: float = 1.0
    ) -> Images:
        """The images with the unknown pixels drawn in raster order, each from p(xᵢ | all before it).

        An unknown pixel is drawn from what lies before it; a known pixel after it does not bear on it.
        """
        self.check(images, given)
        if known.shape != (len(images), 1, *self.shape[1:]):
            expected = (len(images), 1, *self.shape[1:])
            raise ValueError(f"expected known of shape {expected}, got {tuple(known.shape)}")
        start = torch.where(known, images, 0).to(self.like.dtype)
        on_grid(start, self.levels)
        return torch.where(known, images, self._draw(start, known, temperature).to(images.dtype))

    @torch.no_grad()
    def _draw(self, images: Images, known: Known, temperature: float) -> Images:
        """Fills in the unknown pixels, in place.

        One ordinary pass does the topmost rows that are known throughout the batch; then every pixel is a
        step, up to the last one that is unknown.
        """
        n, width = len(images), images.shape[-1]
        noise = uniform(images.shape, images)
        unknown = (~known).any(0)[0].cpu()  # in any image of the batch
        if n == 0 or not unknown.any():
            return images
        rows = unknown.any(1).nonzero().flatten().tolist()
        last = int(unknown[rows[-1]].nonzero().max())
        first, body = self.first.stepper(n, width), self.body.stepper(n, width)
        head = self.head.stepper(n, width)
        if rows[0]:
            body.warm(first.warm(_centred(images[:, :, : rows[0]])))
        wanted = unknown.tolist()
        for row in range(rows[0], rows[-1] + 1):
            for stepper in (first, body, head):
                stepper.start_row()
            for column in range(width if row < rows[-1] else last + 1):
                for colour in range(self.colours):
                    features = body.step(first.read(column, colour), column, colour)
                    pixel = images[:, colour, row, column]
                    if wanted[row][column]:
                        logits = head.step(features, column, colour)
                        drawn = draw_levels(logits, noise[:, colour, row, column], temperature)
                        values = drawn.to(images.dtype) / (self.levels - 1)
                        pixel.copy_(torch.where(known[:, 0, row, column], pixel, values))
                    first.write(_centred(pixel)[:, None], column, colour)
        return images


def _centred(images: Tensor) -> Tensor:
    """From [0, 1] to [−1, 1], so that the zeros beyond the border are not the value of a black pixel."""
    return images * 2 - 1

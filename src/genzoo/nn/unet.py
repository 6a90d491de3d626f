"""pix2pix's U-Net: an encoder down to one pixel, a decoder back, and a skip connection at each size.

Reference: Isola, Zhu, Zhou & Efros (2017), arXiv:1611.07004, section 3.2.1 and appendix 6.1.1; with batch
normalisation no layer but the last has a bias, as in the authors' PyTorch port.
"""

from collections.abc import Sequence
from math import prod

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.errors import BadInput
from genzoo.nn.conv import widths
from genzoo.nn.cpu_convolutions import Doubling, Halving
from genzoo.nn.dcgan import initialise
from genzoo.nn.norms import Norm, normalised

_DEEPEST = 8  # halvings of the published net, from 256 to 1
_SLOPE = 0.2
_DROPPING = 3  # layers of the decoder with dropout, from the bottleneck outwards


class UNet(nn.Module):
    """Images in [−1, 1], shape (b, inp, h, w), to images in [−1, 1], shape (b, out, h, w).

    At 256 pixels the encoder is C64-C128-C256-C512-C512-C512-C512-C512, 4x4 convolutions of stride 2 with
    LeakyReLU of slope 0.2, and the decoder mirrors it by transposed ones with ReLU. Each layer of the decoder
    but the first sees the encoder's map of its size beside that of the layer before. All are normalised but
    the first, the last and the innermost: batch normalisation of a single pixel is zero.

    The decoder's first three layers, the last excepted, are followed by dropout, which is this net's only
    noise and is there in training and in evaluation alike. It is an argument: of uniform numbers in [0, 1),
    one for each activation, those below the rate drop theirs. So the same noise gives the same image, and of
    two rates the higher drops what the lower does and more.

    Args:
        inp: channels that come in.
        out: channels that go out.
        size: height and width of an image.
        width: channels of the finest feature map; no map is wider than 8·width.
        depth: how often the sides are halved; by default until the smaller is 1, at most 8 times.
        norm: "batch" (published), "instance" or "none".
        dropout: the rate at which activations are dropped, at least 0 and below 1.
    """

    def __init__(
        self,
        inp: int,
        out: int,
        size: Sequence[int],
        width: int = 64,
        depth: int | None = None,
        norm: Norm = "batch",
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if not 0 <= dropout < 1:
            raise BadInput(f"dropout must be at least 0 and below 1, got {dropout}")
        depth = depth_of(size) if depth is None else depth
        _check(size, depth)
        self.size, self.dropout = tuple(size), dropout
        channels, bias = widths(depth, width), norm != "batch"
        self.encoder = nn.ModuleList()
        for i, (fan_in, fan_out) in enumerate(zip([inp, *channels], channels, strict=False)):
            half = Halving(fan_in, fan_out, bias=bias)
            scale = normalised(norm, fan_out) if 0 < i < depth - 1 else []
            self.encoder.append(nn.Sequential(half, *scale))
        self.decoder = nn.ModuleList()
        for i in reversed(range(1, depth)):
            fan_in = channels[i] * (1 if i == depth - 1 else 2)
            twice = Doubling(fan_in, channels[i - 1], bias=bias)
            self.decoder.append(nn.Sequential(twice, *normalised(norm, channels[i - 1])))
        self.decoder.append(Doubling(2 * width, out))
        self.noise_shapes = [  # (channels, h, w) of what dropout falls on, from the bottleneck outwards
            (channels[i], size[0] >> (i + 1), size[1] >> (i + 1)) for i in reversed(range(depth - 1))
        ][:_DROPPING]
        self.noise_numbers = sum(prod(shape) for shape in self.noise_shapes)
        initialise(self)

    def forward(
        self,
        x: Float[Tensor, "b inp h w"],
        noise: Float[Tensor, "b numbers"] | None = None,
    ) -> Float[Tensor, "b out h w"]:
        """The translated images.

        Args:
            x: images in [−1, 1] of this net's size.
            noise: uniform numbers in [0, 1), `noise_numbers` per image; None: nothing is dropped, and each
                activation is the expected one.
        """
        self._check_arguments(x, noise)
        skips: list[Tensor] = []
        for i, layer in enumerate(self.encoder):
            x = layer(F.leaky_relu(x, _SLOPE) if i else x)
            skips.append(x)
        x = skips.pop()
        kept = self._kept(noise) if noise is not None and self.dropout else []
        for i, layer in enumerate(self.decoder):
            x = layer(F.relu(torch.cat([x, skips.pop()], 1) if i else x))
            if i < len(kept):
                x = x * kept[i]
        return x.tanh()

    def _kept(self, noise: Tensor) -> list[Tensor]:
        """What the activations of each layer that has noise are multiplied by, shape (b, channels, h, w)."""
        factor = (noise >= self.dropout).to(noise.dtype).div_(1 - self.dropout).masked_fill_(noise >= 1, 1)
        parts = factor.split([prod(shape) for shape in self.noise_shapes], 1)
        return [part.unflatten(1, shape) for part, shape in zip(parts, self.noise_shapes, strict=True)]

    def _check_arguments(self, x: Tensor, noise: Tensor | None) -> None:
        if tuple(x.shape[2:]) != self.size:
            raise BadInput(
                f"this U-Net is for images of {_by(self.size)}, got {_by(x.shape[2:])}: resize them"
            )
        if noise is not None and noise.shape[1] != self.noise_numbers:
            raise BadInput(
                f"this U-Net takes {self.noise_numbers} numbers of noise per image, got {noise.shape[1]}"
            )


def depth_of(size: Sequence[int]) -> int:
    """How often the published net halves images of a size: until the smaller side is 1, at most 8 times.

    >>> [depth_of(size) for size in [(256, 256), (128, 64), (32, 32), (1024, 1024)]]
    [8, 6, 5, 8]
    """
    return min(min(size).bit_length() - 1, _DEEPEST)


def _check(size: Sequence[int], depth: int) -> None:
    """BadInput for a size that cannot be halved so often without a rest."""
    if depth < 2:
        raise BadInput(
            f"a U-Net halves its images at least twice, which takes sides of at least 4: "
            f"got depth {depth} and {_by(size)}"
        )
    step = 2**depth
    if all(n % step == 0 for n in size):
        return
    fits = tuple(-(-n // step) * step for n in size)
    exact = min((n & -n).bit_length() - 1 for n in size)
    shallower = f", or a depth of at most {exact}" if exact >= 2 else ""
    raise BadInput(
        f"a U-Net of depth {depth} needs sides that {step} divides, got {_by(size)}: "
        f"pad or resize the images to {_by(fits)} at that depth{shallower}; --net residual takes any size"
    )


def _by(size: Sequence[int]) -> str:
    return "x".join(map(str, size))

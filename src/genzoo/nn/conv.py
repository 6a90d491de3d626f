"""Convolutional encoder and its mirror, the deconvolution decoder, for images of any size."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


def halvings(height: int, width: int) -> list[tuple[int, int]]:
    """Sizes of the feature maps, the image's first: halved until the shorter side is under 6, at least once.

    >>> halvings(28, 28)
    [(28, 28), (14, 14), (7, 7), (3, 3)]
    >>> halvings(40, 25)
    [(40, 25), (20, 12), (10, 6), (5, 3)]
    >>> halvings(1, 9)
    [(1, 9)]
    """
    sizes = [(height, width)]
    while min(sizes[-1]) >= (6 if len(sizes) > 1 else 2):
        sizes.append((sizes[-1][0] // 2, sizes[-1][1] // 2))
    return sizes


def widths(stages: int, width: int) -> list[int]:
    """Channels of each stage: `width` doubled per stage, at most 8 times.

    >>> widths(5, 32)
    [32, 64, 128, 256, 256]
    """
    return [width * 2 ** min(i, 3) for i in range(stages)]


class ConvEncoder(nn.Sequential):
    """Strided 4×4 convolutions that halve the image until it is some 4 pixels wide, then one linear layer.

    Args:
        shape: (c, h, w) of one image.
        width: channels of the first stage; each later stage doubles them.
        out: numbers that come out per image.
        activation: makes the layer that follows each convolution.
    """

    def __init__(
        self, shape: Sequence[int], width: int, out: int, activation: Callable[[], nn.Module] = nn.ReLU
    ) -> None:
        c, h, w = shape
        sizes = halvings(h, w)
        channels = [c, *widths(len(sizes) - 1, width)]
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise(channels):
            layers += [nn.Conv2d(fan_in, fan_out, 4, stride=2, padding=1), activation()]
        flat = channels[-1] * sizes[-1][0] * sizes[-1][1]
        super().__init__(*layers, nn.Flatten(), nn.Linear(flat, out))


class ConvDecoder(nn.Sequential):
    """The encoder backwards: a linear layer, then 4×4 transposed convolutions ("deconvolutions") that double.

    Stride 2 divides the 4×4 kernel, so every output pixel gets equally many taps and no checkerboard is built
    in (Odena et al., 2016); an odd side gets one row of output padding, so sizes mirror the encoder's.

    Args:
        inp: numbers per code.
        width: channels of the last hidden stage.
        shape: (c, h, w) of one output.
        activation: makes the layer before each deconvolution.
    """

    def __init__(
        self, inp: int, width: int, shape: Sequence[int], activation: Callable[[], nn.Module] = nn.ReLU
    ) -> None:
        c, h, w = shape
        sizes = halvings(h, w)[::-1]
        channels = [*widths(len(sizes) - 1, width)[::-1], c]
        first = (channels[0], *sizes[0])
        layers: list[nn.Module] = [nn.Linear(inp, first[0] * first[1] * first[2]), nn.Unflatten(1, first)]
        for i, (small, large) in enumerate(pairwise(sizes)):
            odd = (large[0] - 2 * small[0], large[1] - 2 * small[1])
            layers += [activation(), _deconvolution(channels[i], channels[i + 1], odd)]
        super().__init__(*layers)


class Deconvolution(nn.ConvTranspose2d):
    """A transposed convolution; onto few channels on a CPU, as a product whose patches are added up.

    oneDNN computes it as the gradient of a convolution of these few channels, at some 6 GFLOP/s where others
    run at 100. Here forward takes a half to a quarter of that time (medians of 40 on 100 images of 14×14,
    from 32, 64 and 256 channels to 1), and forward with backward four fifths.
    """

    def forward(self, x: Float[Tensor, "b i h w"], output_size: list[int] | None = None) -> Tensor:
        """Shape (b, o, h', w')."""
        narrow = 16 * self.out_channels <= self.in_channels
        plain = self.groups == 1 and output_size is None and self.padding_mode == "zeros"
        if not (narrow and plain and x.device.type == "cpu"):
            return super().forward(x, output_size)
        parts = F.conv2d(x, self.weight.flatten(1).T[..., None, None])
        sizes = tuple(self._size(i, n) for i, n in enumerate(x.shape[2:]))
        padding = tuple(int(p) for p in self.padding)
        whole = F.fold(parts.flatten(2), sizes, self.kernel_size, self.dilation, padding, self.stride)
        return whole if self.bias is None else whole + self.bias[:, None, None]

    def _size(self, axis: int, n: int) -> int:
        reach = self.dilation[axis] * (self.kernel_size[axis] - 1) + 1
        return (n - 1) * self.stride[axis] - 2 * int(self.padding[axis]) + reach + self.output_padding[axis]


def _deconvolution(fan_in: int, fan_out: int, odd: tuple[int, int]) -> Deconvolution:
    return Deconvolution(fan_in, fan_out, 4, stride=2, padding=1, output_padding=odd)

"""Layers of compressive autoencoders: rounding with a gradient, the two nets, the cosine transform."""

import itertools
import math

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

STRIDE = 8  # pixels of a side of what one code stands for, a multiple of 8


def round_through(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """⌊x⌉, halves to even, whose derivative is replaced by 1.

    Reference: Theis et al., 2017, arXiv:1703.00395, equation 4.
    """
    return x + (x.round() - x).detach()


def clip_through(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """x clipped to [0, 1], whose derivative is replaced by 1: a pixel beyond is pulled back."""
    return x + (x.clamp(0, 1) - x).detach()


def mirrored(images: Float[Tensor, "b c h w"], height: int, width: int) -> Float[Tensor, "b c height width"]:
    """Images continued below and to the right by their mirror image, the edge not repeated, again and again.

    >>> mirrored(torch.tensor([[[[1.0, 2.0, 3.0]]]]), 2, 6)[0, 0, 1]
    tensor([1., 2., 3., 2., 1., 2.])
    """
    for axis, length in ((2, height), (3, width)):
        own = images.shape[axis]
        if own != length:
            place = torch.arange(length, device=images.device) % max(1, 2 * (own - 1))
            images = images.index_select(axis, torch.minimum(place, 2 * (own - 1) - place).clamp(min=0))
    return images


class Residual(nn.Module):
    """x + C(a(C(x))), C a 3×3 convolution."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.LeakyReLU(0.2), nn.Conv2d(width, width, 3, padding=1)
        )

    def forward(self, x: Float[Tensor, "b m h w"]) -> Float[Tensor, "b m h w"]:
        """The same shape."""
        return x + self.net(x)


def analysis(channels: int, code: int, width: int, blocks: int) -> nn.Sequential:
    """Three 5×5 convolutions of stride 2, `blocks` residual ones before the last: b c 8h 8w → b code h w."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 5, 2, padding=2, padding_mode="reflect"),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 5, 2, padding=2),
        nn.LeakyReLU(0.2),
        *(Residual(2 * width) for _ in range(blocks)),
        nn.Conv2d(2 * width, code, 5, 2, padding=2),
    )


def synthesis(channels: int, code: int, width: int, blocks: int) -> nn.Sequential:
    """Three 3×3 convolutions, each followed by a shuffle of channels to 2×2: b code h w → b c 8h 8w."""
    return nn.Sequential(
        nn.Conv2d(code, 8 * width, 3, padding=1),
        nn.PixelShuffle(2),
        nn.LeakyReLU(0.2),
        *(Residual(2 * width) for _ in range(blocks)),
        nn.Conv2d(2 * width, 4 * width, 3, padding=1),
        nn.PixelShuffle(2),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 4 * channels, 3, padding=1),
        nn.PixelShuffle(2),
    )


class CosineStart(nn.Module):
    """A net plus a linear map of 8×8 blocks; the net begins at zero, the map as the cosine transform.

    Args:
        net: `analysis` or `synthesis`; the last convolution in it is zeroed.
        linear: a convolution, or its transpose, of kernel 8 and stride 8.
        channels: c of the images.
    """

    def __init__(self, net: nn.Sequential, linear: nn.Conv2d | nn.ConvTranspose2d, channels: int) -> None:
        super().__init__()
        self.net, self.linear = net, linear
        with torch.no_grad():
            linear.weight.copy_(cosines(channels, len(linear.weight)))
            last = [layer for layer in net if isinstance(layer, nn.Conv2d)][-1]
            last.weight.zero_()
            assert last.bias is not None
            last.bias.zero_()

    def forward(self, x: Float[Tensor, "b _ _ _"]) -> Float[Tensor, "b _ _ _"]:
        """The sum of both."""
        return self.net(x) + self.linear(x)


def cosines(channels: int, count: int) -> Float[Tensor, "count channels 8 8"]:
    """The `count` smoothest products of cosines over colours, rows and columns: orthonormal (DCT-II).

    Smoothest first by (1 + i² + j²)·(1 + 5k), k over colours; the first is constant, and with three
    colours the others of k are red against blue and both against green.
    """
    axes = [_cosine_rows(n) for n in (channels, STRIDE, STRIDE)]
    every = sorted(
        itertools.product(range(channels), range(STRIDE), range(STRIDE)),
        key=lambda kij: ((1 + kij[1] ** 2 + kij[2] ** 2) * (1 + 5 * min(1, kij[0])), kij),
    )
    if count > len(every):
        raise ValueError(f"an 8x8 block of {channels} channels has {len(every)} coefficients, got {count}")
    whole = torch.einsum("kc,iy,jx->kijcyx", *axes)
    flat = rearrange(whole, "k i j c y x -> (k i j) c y x")
    return flat[[(k * STRIDE + i) * STRIDE + j for k, i, j in every[:count]]]


def _cosine_rows(n: int) -> Float[Tensor, "n n"]:
    """The orthonormal DCT-II of length n, a row a frequency."""
    place = torch.arange(n, dtype=torch.float64)
    rows = torch.cos(math.pi / n * (place + 0.5) * place[:, None]) * math.sqrt(2 / n)
    rows[0] /= math.sqrt(2)
    return rows.float()

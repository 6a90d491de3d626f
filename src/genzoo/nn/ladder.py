"""A ladder of latent maps: features go up from the image, latents and features come down to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.errors import BadInput
from genzoo.nn.causal import Features
from genzoo.nn.flows import gated
from genzoo.nn.masked import MaskedConv2d
from genzoo.nn.weight_norm import NormedConv2d

_RESIDUAL = 0.1  # what a block adds is scaled by it, so that many add up to little at first


@dataclass(frozen=True)
class Proposal:
    """A diagonal Gaussian for the latent maps of one rung, and a context for its flow: (b, z, h, w) each."""

    mean: Features
    log_scale: Features
    context: Features


# Chooses the latent maps of a rung: (number from the top, the prior there, what the way down says of q).
Choose = Callable[[int, Proposal, Proposal], Features]


def convolution(inp: int, out: int, *, stride: int = 1, scale: float = 1.0) -> NormedConv2d:
    """A weight-normalised 3×3 convolution that keeps the size, or halves it rounding up."""
    return NormedConv2d(inp, out, 3, 3, top=1, left=1, stride=stride, scale=scale)


def enlarged(x: Features, size: tuple[int, int]) -> Float[Tensor, "b _ _ _"]:
    """Each pixel repeated, to a larger size."""
    return F.interpolate(x, size, mode="nearest") if tuple(x.shape[2:]) != size else x


class Rung(nn.Module):
    """One pair of residual blocks: up it proposes latents from the image, down it joins them to the rest.

    Reference: Kingma et al., 2016, arXiv:1606.04934, section 5.2 and figure 4 (the bidirectional ResNet VAE).

    Args:
        width: feature maps.
        latent: latent maps.
        halves: the way up leaves at half the size.
        last: there is no rung above.
    """

    def __init__(self, width: int, latent: int, *, halves: bool = False, last: bool = False) -> None:
        super().__init__()
        self.latent = latent
        self.up_in = convolution(width, 3 * latent + (0 if last else width))
        self.up_out = None if last else convolution(width, width, scale=_RESIDUAL)
        self.halving = convolution(width, width, stride=2) if halves else None
        self.down_in = convolution(width, 5 * latent + width)
        self.down_out = convolution(latent + width, width, scale=_RESIDUAL)

    def up(self, x: Features) -> tuple[Float[Tensor, "b _ _ _"], Proposal]:
        """The features for the rung above, and what the image says of this rung's latents."""
        maps = self.up_in(F.elu(x))
        mean, log_scale, context = maps[:, : 3 * self.latent].chunk(3, 1)
        if self.up_out is not None:
            x = x + self.up_out(F.elu(maps[:, 3 * self.latent :]))
        x = x if self.halving is None else self.halving(F.elu(x))
        return x, Proposal(mean, 0.1 * log_scale, context)

    def down(self, x: Features, number: int, choose: Choose) -> Features:
        """The features for the rung below, with the latents that `choose` takes."""
        parts = self.down_in(F.elu(x)).split([self.latent] * 5 + [x.shape[1]], 1)
        prior = Proposal(parts[0], 0.1 * parts[1], parts[4])
        latents = choose(number, prior, Proposal(parts[2], 0.1 * parts[3], parts[4]))
        return x + self.down_out(F.elu(torch.cat([latents, parts[5]], 1)))


class Ladder(nn.Module):
    """Rungs at each of several sizes, the image's halved first of all, and the way up and down them.

    Args:
        shape: (c, h, w) of an image.
        out: maps that come down at the image's size.
        width: feature maps.
        latent: latent maps of each rung.
        rungs: at each size.
        scales: sizes, each half of the one before.
    """

    def __init__(
        self, shape: Sequence[int], out: int, *, width: int, latent: int, rungs: int, scales: int
    ) -> None:
        super().__init__()
        for name, value in (("width", width), ("rungs", rungs), ("scales", scales)):
            if value < 1:
                raise BadInput(f"{name} must be at least 1, got {value}")
        c, h, w = shape
        sizes = [(h, w)]
        for _ in range(scales):
            sizes.append((-(-sizes[-1][0] // 2), -(-sizes[-1][1] // 2)))
        self.sizes = [size for size in sizes[1:] for _ in range(rungs)]  # of each rung, from the bottom
        self.full = (h, w)
        self.enter = convolution(c, width, stride=2)
        inner = [
            Rung(width, latent, halves=number % rungs == rungs - 1) for number in range(scales * rungs - 1)
        ]
        self.rungs = nn.ModuleList([*inner, Rung(width, latent, last=True)])
        self.top = nn.Parameter(torch.zeros(width))
        self.leave = convolution(width, out)

    def up(self, x: Features) -> list[Proposal]:
        """What an image says of the latents of each rung, from the top."""
        found, x = [], self.enter(x)
        for rung in self.rungs:
            assert isinstance(rung, Rung)
            x, proposal = rung.up(x)
            found.append(proposal)
        return found[::-1]

    def down(self, n: int, choose: Choose) -> Float[Tensor, "n out h w"]:
        """The maps that come down to the image, with the latents that `choose` takes at each rung."""
        x = self.top[:, None, None].expand(n, -1, *self.sizes[-1])
        for number, (rung, size) in enumerate(zip(reversed(self.rungs), reversed(self.sizes), strict=True)):
            assert isinstance(rung, Rung)
            x = rung.down(enlarged(x, size), number, choose)
        return self.leave(F.elu(enlarged(x, self.full)))


class MapFlow(nn.Module):
    """An inverse autoregressive step of latent maps: z′ = g ⊙ z + (1 − g) ⊙ m, g = σ(s), in raster order.

    (m, s) of a map at a place are functions of all maps at the places before, of the maps before it at its
    own, and of a context: two masked convolutions. log |det| is the sum of log g.

    Reference: Kingma et al., 2016, arXiv:1606.04934, equations 12 to 14 and section 5.2.

    Args:
        latent: maps.
        width: hidden maps.
        backwards: the last place and map come first.
    """

    def __init__(self, latent: int, width: int, *, backwards: bool = False) -> None:
        super().__init__()
        hidden = max(width, latent)  # each latent map has hidden maps that see no more than it may
        self.backwards = backwards
        self.first = MaskedConv2d(latent, hidden, 3, mask="A", colours=latent)
        self.context = nn.Conv2d(latent, hidden, 1, bias=False)
        self.second = MaskedConv2d(hidden, 2 * latent, 3, mask="B", colours=latent, parts=2)
        with torch.no_grad():
            self.second.weight.mul_(0.1)

    def forward(self, z: Features, context: Features) -> tuple[Features, Features]:
        """z′ and log g, shape (b, z, h, w) each."""
        z, context = self._turned(z), self._turned(context)
        hidden = F.elu(self.first(z) + self.context(context))
        mean, raw = self.second(hidden).chunk(2, 1)
        image, log_volume = gated(z, mean, raw)
        return self._turned(image), self._turned(log_volume)

    def _turned(self, x: Features) -> Features:
        return x.flip(1, 2, 3) if self.backwards else x

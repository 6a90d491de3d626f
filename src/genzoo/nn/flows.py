"""Invertible steps that give a posterior a richer shape: inverse autoregressive, coupling, planar."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.errors import BadInput, nearest
from genzoo.nn.dense_causal import MaskedLinear

FlowName = Literal["iaf", "realnvp", "planar"]
Z = Float[Tensor, "b d"]
Context = Float[Tensor, "b c"]

_OPEN = 2.0  # the gates' first value is σ(2) = 0.88: steps start near the identity
_HALVINGS = 100  # of an interval, down to rounding


def gated(z: Tensor, mean: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
    """g ⊙ z + (1 − g) ⊙ m and log g, g = σ(s + 2): near the identity where s is near 0.

    Reference: Kingma et al., 2016, arXiv:1606.04934, equations 13 and 14.
    """
    gate = (raw + _OPEN).sigmoid()
    return gate * z + (1 - gate) * mean, F.logsigmoid(raw + _OPEN)


class IAFStep(nn.Module):
    """z′ = g ⊙ z + (1 − g) ⊙ m with g = σ(s), and (m, s) at i a function of the dimensions before i.

    One pass forward, where the density of a *given* z′ takes one pass a dimension: right for a posterior,
    whose own draws are all that is ever scored. log |∂z′ᵢ/∂zᵢ| = log gᵢ. The net is a masked one (MADE) with
    ELUs; the context comes to every hidden unit of the first layer and, linearly, to every output.

    Reference: Kingma et al., 2016, arXiv:1606.04934, equations 12 to 14 and algorithm 1 (the gates of an
    LSTM); the masked net: Germain et al., 2015, arXiv:1502.03509, whose recipe of degrees is spread evenly.

    Args:
        size: dimensions of z.
        context: numbers of the context.
        hidden: widths of the masked net's hidden layers.
        backwards: the last dimension is the first of the order.
    """

    def __init__(self, size: int, context: int, hidden: Sequence[int], *, backwards: bool = False) -> None:
        super().__init__()
        order = torch.arange(size)
        self.order = order.flip(0) if backwards else order  # dimensions, the first one first
        place = self.order.argsort()
        inner = [1 + torch.arange(width) % max(1, size - 1) for width in hidden]
        degrees = [place + 1, *inner, place.repeat(2)]
        layers = [MaskedLinear(a[None], b[None]) for a, b in pairwise(degrees)]
        self.layers = nn.ModuleList(layers)
        first = hidden[0] if hidden else 0
        self.context = nn.Linear(context, first + 2 * size, bias=False)
        with torch.no_grad():
            layers[-1].weight.mul_(0.1)
            self.context.weight[first:].mul_(0.1)
        self.first = first

    def forward(self, z: Z, context: Context) -> tuple[Z, Z]:
        """z′ and log g, shape (b, d) each."""
        return gated(z, *self.parameters_of(z, context))

    def parameters_of(self, z: Z, context: Context) -> tuple[Z, Z]:
        """m and s of every dimension, each a function of the dimensions before it and of the context."""
        to_hidden, to_out = self.context(context).split([self.first, 2 * z.shape[1]], 1)
        x = z
        for i, layer in enumerate(self.layers[:-1]):
            x = F.elu(layer(x) + to_hidden if i == 0 else layer(x))
        mean, raw = (self.layers[-1](x) + to_out).chunk(2, 1)
        return mean, raw

    def inverse(self, z: Z, context: Context) -> Z:
        """What is mapped to z, one dimension after the other."""
        start = torch.zeros_like(z)
        for i in self.order.tolist():
            mean, raw = self.parameters_of(start, context)
            gate = (raw[:, i] + _OPEN).sigmoid()
            start = start.clone()
            start[:, i] = (z[:, i] - (1 - gate) * mean[:, i]) / gate
        return start


class CouplingStep(nn.Module):
    """Every second dimension, given the others: zb′ = zb·exp(s) + t with (s, t) a net of za; za stays.

    Reference: Dinh, Sohl-Dickstein & Bengio, Real NVP, 2017, arXiv:1605.08803, equations 7 and 8; s is kept
    within (−2, 2) by a tanh, as the authors keep it within bounds.

    Args:
        size: dimensions of z, 2 at least.
        context: numbers of the context.
        hidden: widths of the net's hidden layers.
        backwards: the even dimensions change, not the odd ones.
    """

    changes: Tensor

    def __init__(self, size: int, context: int, hidden: Sequence[int], *, backwards: bool = False) -> None:
        super().__init__()
        if size < 2:
            raise BadInput(f"a coupling step needs 2 latent dimensions or more, got {size}")
        changes = torch.arange(size) % 2 == (0 if backwards else 1)
        self.register_buffer("changes", changes, persistent=False)
        widths = [size + context, *hidden, 2 * size]
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise(widths):
            layers += [nn.Linear(fan_in, fan_out), nn.ELU()]
        self.net = nn.Sequential(*layers[:-1])
        with torch.no_grad():
            last = layers[-2]
            assert isinstance(last, nn.Linear)
            last.weight.mul_(0.1)
            last.bias.zero_()

    def forward(self, z: Z, context: Context) -> tuple[Z, Z]:
        """z′ and s, 0 where nothing changes, shape (b, d) each."""
        scale, shift = self.parameters_of(z, context)
        return z * scale.exp() + shift, scale

    def inverse(self, z: Z, context: Context) -> Z:
        """What is mapped to z."""
        scale, shift = self.parameters_of(z, context)
        return (z - shift) * (-scale).exp()

    def parameters_of(self, z: Z, context: Context) -> tuple[Z, Z]:
        """s and t, 0 where nothing changes."""
        kept = torch.where(self.changes, torch.zeros_like(z), z)
        scale, shift = self.net(torch.cat([kept, context], 1)).chunk(2, 1)
        nothing = torch.zeros_like(z)
        scale = 2 * torch.tanh(scale / 2)
        return torch.where(self.changes, scale, nothing), torch.where(self.changes, shift, nothing)


class PlanarStep(nn.Module):
    """z′ = z + u·tanh(wᵀz + b): log |det| = log |1 + h′(wᵀz + b)·wᵀu|, with wᵀu > −1 so that it inverts.

    u, w and b are linear in the context: each item has planes of its own. The logarithm is one number; every
    dimension is given an equal share of it.

    Reference: Rezende & Mohamed, 2015, arXiv:1505.05770, equations 10 to 12 and appendix A.1.

    Args:
        size: dimensions of z.
        context: numbers of the context.
    """

    def __init__(self, size: int, context: int) -> None:
        super().__init__()
        self.size, self.net = size, nn.Linear(context, 2 * size + 1)

    def forward(self, z: Z, context: Context) -> tuple[Z, Z]:
        """z′, and each dimension's share of the log-determinant, shape (b, d) each."""
        u, w, b = self.parameters_of(context)
        bend = torch.tanh((w * z).sum(1, keepdim=True) + b)
        along = (w * u).sum(1, keepdim=True)
        log_det = torch.log1p((1 - bend.square()) * along)
        return z + u * bend, (log_det / self.size).expand_as(z)

    def inverse(self, z: Z, context: Context) -> Z:
        """What is mapped to z′: z′ − u·tanh(α + b), where α + wᵀu·tanh(α + b) = wᵀz′; α by bisection."""
        u, w, b = self.parameters_of(context)
        along, image = (w * u).sum(1, keepdim=True), (w * z).sum(1, keepdim=True)
        low, high = image - along.abs(), image + along.abs()
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            above = middle + along * torch.tanh(middle + b) > image
            low, high = torch.where(above, low, middle), torch.where(above, middle, high)
        return z - u * torch.tanh((low + high) / 2 + b)

    def parameters_of(self, context: Context) -> tuple[Z, Z, Float[Tensor, "b 1"]]:
        """u, w and b with wᵀu moved to m(wᵀu) > −1, m(x) = log(1 + (e − 1)eˣ) − 1, which leaves 0 at 0."""
        u, w, b = self.net(context).split([self.size, self.size, 1], 1)
        along = (w * u).sum(1, keepdim=True)
        norm = w.square().sum(1, keepdim=True).clamp_min(torch.finfo(w.dtype).tiny ** 0.5)
        return u + (F.softplus(along + math.log(math.e - 1)) - 1 - along) * w / norm, w, b


class FlowStack(nn.Module):
    """Steps one after the other, their log-determinants added.

    Args:
        steps: each with `forward` and `inverse` of (z, context).
    """

    def __init__(self, steps: Sequence[nn.Module]) -> None:
        super().__init__()
        self.steps = nn.ModuleList(steps)

    def forward(self, z: Z, context: Context) -> tuple[Z, Z]:
        """The image of z and its log-determinant's parts, shape (b, d) each."""
        total = torch.zeros_like(z)
        for step in self.steps:
            z, log_volume = step(z, context)
            total = total + log_volume
        return z, total

    def inverse(self, z: Z, context: Context) -> Z:
        """What is mapped to z."""
        inverses: list[Callable[[Z, Context], Z]] = [step.inverse for step in self.steps]  # type: ignore[misc]
        for inverse in reversed(inverses):
            z = inverse(z, context)
        return z


def flow(name: str, steps: int, size: int, context: int, hidden: Sequence[int]) -> FlowStack:
    """`steps` steps of the kind called `name`; every second one takes the dimensions in the reverse order.

    Args:
        name: a name in `FlowName`.
        steps: how many.
        size: dimensions of z.
        context: numbers of the context.
        hidden: widths of the hidden layers of a step's net; of "iaf" and "realnvp".
    """
    if steps < 1:
        raise BadInput(f"flow_steps must be at least 1, got {steps}")
    if name == "planar":
        return FlowStack([PlanarStep(size, context) for _ in range(steps)])
    kinds: dict[str, type[IAFStep] | type[CouplingStep]] = {"iaf": IAFStep, "realnvp": CouplingStep}
    if name not in kinds:
        raise BadInput(f"no flow {name!r}{nearest(name, [*kinds, 'planar'])}")
    return FlowStack([kinds[name](size, context, hidden, backwards=i % 2 == 1) for i in range(steps)])

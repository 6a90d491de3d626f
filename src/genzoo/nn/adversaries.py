"""Generators and critics by the name of their net."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod
from typing import Any, Literal, get_args

from torch import nn

from genzoo.errors import BadInput, nearest
from genzoo.nn.critic import Critic, CriticNorm
from genzoo.nn.dcgan import DCGANBody, DCGANGenerator
from genzoo.nn.dropout import Dropout
from genzoo.nn.maxout import Maxout
from genzoo.nn.mlp import MLP
from genzoo.nn.residual_pair import ResidualBody, ResidualGenerator

Net = Literal["mlp", "maxout", "dcgan", "residual"]
GeneratorNorm = Literal["default", "batch", "virtual", "layer", "none"]

_PIECES, _HIDDEN_DROPOUT, _INPUT_DROPOUT = 5, 0.5, 0.2  # of the critic of 2014, in the authors' code


class Dense(nn.Sequential):
    """A fully connected body: flattens, then hidden layers, the last one's width being `features`."""

    def __init__(self, layers: Sequence[nn.Module], features: int) -> None:
        super().__init__(nn.Flatten(), *layers)
        self.features = features


def generator(
    net: Net, latent: int, shape: Sequence[int], *, width: int, hidden: Sequence[int], norm: GeneratorNorm
) -> nn.Module:
    """From latents, shape (b, latent), to items, shape (b, *shape); images in [−1, 1], others unbounded."""
    check_net(net, shape)
    if norm != "default" and net != "dcgan":
        raise BadInput(f"--generator-norm {norm}: only net 'dcgan' can be normalised, this is {net!r}")
    if net == "dcgan":
        return DCGANGenerator(latent, shape, width, "batch" if norm == "default" else norm)
    if net == "residual":
        return ResidualGenerator(latent, shape, width)
    made = MLP((latent,), hidden, shape)
    return nn.Sequential(made, nn.Tanh()) if len(shape) == 3 else made


def critic(
    net: Net,
    shape: Sequence[int],
    *,
    width: int,
    hidden: Sequence[int],
    norm: CriticNorm,
    **heads: Any,
) -> Critic:
    """A critic of items of a shape; `heads` are arguments of `Critic`."""
    check_net(net, shape)
    if norm in ("batch", "layer") and net != "dcgan":
        raise BadInput(f"--critic-norm {norm}: only net 'dcgan' can be so normalised, this is {net!r}")
    return Critic(body(net, width, hidden, norm), shape, spectral=norm == "spectral", **heads)


def body(
    net: Net, width: int, hidden: Sequence[int], norm: CriticNorm = "default"
) -> Callable[[tuple[int, ...]], nn.Sequential]:
    """What makes the critic's net without its heads, for items of a shape."""

    def make(shape: tuple[int, ...]) -> nn.Sequential:
        if net == "dcgan":
            return DCGANBody(shape, width, {"default": "batch", "spectral": "none"}.get(norm, norm))  # type: ignore[arg-type]
        if net == "residual":
            return ResidualBody(shape, width)
        layers: list[nn.Module] = []
        widths = (prod(shape), *hidden)
        for inp, out in pairwise(widths):
            if net == "maxout":
                layers += [Dropout(_HIDDEN_DROPOUT if layers else _INPUT_DROPOUT), Maxout(inp, out, _PIECES)]
            else:
                layers += [nn.Linear(inp, out), nn.LeakyReLU(0.2)]
        return Dense([*layers, Dropout(_HIDDEN_DROPOUT)] if net == "maxout" else layers, widths[-1])

    return make


def check_net(net: str, shape: Sequence[int]) -> None:
    """BadInput for a net that does not exist, or not for items of this shape."""
    if net not in get_args(Net):
        raise BadInput(f"net {net!r} is unknown{nearest(net, get_args(Net))}")
    if net in ("dcgan", "residual") and len(shape) != 3:
        raise BadInput(f"net {net!r} is for images (c, h, w), got items of shape {tuple(shape)}")

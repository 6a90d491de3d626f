"""Generators and critics by the name of their net."""

from collections.abc import Callable, Sequence
from itertools import chain, pairwise
from math import prod
from typing import Any, Literal, get_args

from torch import nn

from genzoo.errors import BadInput, nearest
from genzoo.nn.critic import Critic, CriticNorm
from genzoo.nn.dcgan import DCGANBody, DCGANGenerator
from genzoo.nn.dense_pair import DenseBody, DenseGenerator
from genzoo.nn.maxout_pair import MaxoutBody, MaxoutGenerator
from genzoo.nn.mlp import MLP
from genzoo.nn.residual_pair import ResidualBody, ResidualGenerator

Net = Literal["mlp", "maxout", "dcgan", "conv-dense", "residual"]
GeneratorNorm = Literal["default", "batch", "virtual", "layer", "none"]

_NORMALISED = {"batch": ("dcgan", "conv-dense"), "layer": ("dcgan",)}  # critics, by norm


class Dense(nn.Sequential):
    """A fully connected body: flattens, then LeakyReLU layers, the last one's width being `features`."""

    def __init__(self, shape: Sequence[int], hidden: Sequence[int]) -> None:
        widths = (prod(shape), *hidden)
        layers = [(nn.Linear(inp, out), nn.LeakyReLU(0.2)) for inp, out in pairwise(widths)]
        super().__init__(nn.Flatten(), *chain.from_iterable(layers))
        self.features = widths[-1]


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
    if net == "conv-dense":
        return DenseGenerator(latent, shape, width)
    if net == "maxout":
        return MaxoutGenerator(latent, shape, hidden)
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
    if norm in _NORMALISED and net not in _NORMALISED[norm]:
        nets = " or ".join(map(repr, _NORMALISED[norm]))
        raise BadInput(f"--critic-norm {norm}: only net {nets} can be so normalised, this is {net!r}")
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
        if net == "conv-dense":
            return DenseBody(shape, width, normalised=norm in ("default", "batch"))
        if net == "maxout":
            return MaxoutBody(shape, hidden)
        return Dense(shape, hidden)

    return make


def check_net(net: str, shape: Sequence[int]) -> None:
    """BadInput for a net that does not exist, or not for items of this shape."""
    if net not in get_args(Net):
        raise BadInput(f"net {net!r} is unknown{nearest(net, get_args(Net))}")
    if net not in ("mlp", "maxout") and len(shape) != 3:
        raise BadInput(f"net {net!r} is for images (c, h, w), got items of shape {tuple(shape)}")

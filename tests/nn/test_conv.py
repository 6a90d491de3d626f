"""Truths of the convolutional encoder and its mirror."""

import pytest
import torch
from torch import nn

from genzoo.errors import BadInput
from genzoo.nn.codec import decoder, encoder
from genzoo.nn.conv import ConvDecoder, ConvEncoder, Deconvolution, halvings

SHAPES = [
    (1, 28, 28),
    (3, 32, 32),
    (3, 40, 25),
    (1, 25, 40),
    (4, 7, 5),
    (1, 1, 9),
    (2, 1, 1),
    (1, 2, 3),
    (3, 64, 48),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_decoder_mirrors_any_size_and_channel_count(shape):
    code = ConvEncoder(shape, 4, 6)(torch.rand(2, *shape))
    assert code.shape == (2, 6)
    assert ConvDecoder(6, 4, shape)(code).shape == (2, *shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_feature_maps_of_encoder_and_decoder_have_mirrored_sizes(shape):
    def maps(net, x):
        sizes = []
        for layer in net:
            x = layer(x)
            if x.ndim == 4:
                sizes.append(tuple(x.shape[2:]))
        return sizes

    down = [tuple(shape[1:]), *maps(ConvEncoder(shape, 2, 3), torch.rand(1, *shape))]
    up = maps(ConvDecoder(3, 2, shape), torch.rand(1, 3))
    once = lambda sizes: list(dict.fromkeys(sizes))  # noqa: E731
    assert once(up) == once(down)[::-1] == halvings(*shape[1:])[::-1]


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 40, 25), (1, 7, 5)])
def test_every_pixel_reaches_the_code_and_every_output_pixel_hears_it(shape):
    # A smooth activation: with few channels a ReLU may be off for all of them.
    encode, decode = ConvEncoder(shape, 4, 3, nn.Tanh).double(), ConvDecoder(3, 4, shape, nn.Tanh).double()
    x = torch.rand(1, *shape, dtype=torch.float64, requires_grad=True)
    code = encode(x)
    (heard,) = torch.autograd.grad(code.square().sum(), x)
    assert (heard != 0).all()
    z = torch.randn(1, 3, dtype=torch.float64)
    assert ((decode(z) - decode(-z)) != 0).all()


def test_a_decoder_gives_each_dimension_its_own_parameters():
    for net in ("linear", "mlp", "conv"):
        made = decoder(net, 5, (3, 8, 6), hidden=(7,), width=2, parameters=2)
        assert made(torch.randn(4, 5)).shape == (4, 2, 3, 8, 6)


def test_a_misspelt_net_is_bad_input_that_names_the_nearest():
    with pytest.raises(BadInput, match="'conv'"):
        encoder("cnov", (1, 8, 8), 2, hidden=(), width=2)


def test_convolutions_refuse_vectors():
    with pytest.raises(BadInput, match="images of shape"):
        encoder("conv", (5,), 2, hidden=(), width=2)


def test_an_untrained_deep_net_neither_fades_nor_explodes():
    x = torch.randn(64, 256)
    code = encoder("mlp", (256,), 200, hidden=(300,) * 8, width=1)(x)
    output = decoder("mlp", 200, (256,), hidden=(300,) * 8, width=1)(code)
    # He's weights keep the second moment up to random factors; torch's defaults shrink it 6⁸-fold.
    assert 0.2 < code.square().mean() < 5
    assert 0.1 < output.square().mean() < 10


@pytest.mark.parametrize(
    "settings",
    [
        {"kernel_size": 4, "stride": 2, "padding": 1, "output_padding": (1, 0)},
        {"kernel_size": (3, 5), "stride": (2, 3), "dilation": (2, 1), "bias": False},
        {"kernel_size": 8, "stride": 8},
    ],
)
def test_a_deconvolution_onto_few_channels_is_torchs_with_its_gradients(settings):
    torch.manual_seed(0)
    narrow = Deconvolution(32, 2, **settings).double()
    x = torch.randn(3, 32, 7, 5, dtype=torch.float64, requires_grad=True)
    found, expected = narrow(x), nn.ConvTranspose2d.forward(narrow, x)
    assert found.grad_fn.name() != expected.grad_fn.name()  # else this tests nothing
    torch.testing.assert_close(found, expected)
    asked, weight = (x, *narrow.parameters()), torch.randn_like(expected)
    for ours, theirs in zip(
        torch.autograd.grad((found * weight).sum(), asked),
        torch.autograd.grad((expected * weight).sum(), asked),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs)

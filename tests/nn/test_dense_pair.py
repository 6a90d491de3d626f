"""The nets of InfoGAN for digits are those of its table 1, at any size."""

import pytest
import torch
from torch import nn

from genzoo.errors import BadInput
from genzoo.models.adversarial.infogan import InfoGAN
from genzoo.nn.dense_pair import DenseBody, DenseGenerator


def published():
    """Layer shapes of Chen et al., 2016, table 1 (MNIST), with 62 + 10 + 2 latent numbers."""
    return InfoGAN((1, 28, 28), net="conv-dense", width=64)


def shapes(net):
    """Shapes of the weights of linear layers and convolutions, outputs first."""
    layers = [m for m in net.modules() if isinstance(m, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)]
    return [
        tuple(m.weight.transpose(0, 1).shape if isinstance(m, nn.ConvTranspose2d) else m.weight.shape)
        for m in layers
    ]


def test_layers_are_the_published_ones():
    model = published()
    assert shapes(model.generator) == [(1024, 74), (6272, 1024), (64, 128, 4, 4), (1, 64, 4, 4)]
    assert shapes(model.critic.body) == [(64, 1, 4, 4), (128, 64, 4, 4), (1024, 6272)]
    assert shapes(model.critic.verdict) == [(1, 1024)]
    assert shapes(model.critic.reader) == [(128, 1024), (12, 128)]
    slopes = [m.negative_slope for m in model.critic.modules() if isinstance(m, nn.LeakyReLU)]
    assert slopes == [0.1] * 4
    normalised = [m.num_features for m in model.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    assert normalised == [1024, 6272, 64, 128, 1024, 128]  # generator, critic but its first layer, Q


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 8, 8), (1, 7, 9), (2, 4, 5), (3, 32, 32)])
def test_any_size_comes_out_as_it_went_in(shape):
    made = DenseGenerator(5, shape, width=2).eval()(torch.randn(3, 5))
    assert made.shape == (3, *shape)
    assert made.abs().max() <= 1
    assert DenseBody(shape, width=2).eval()(made).shape == (3, 32)


def test_without_normalisation_a_score_knows_of_no_mate_even_in_training():
    body = DenseBody((1, 8, 8), width=2, normalised=False).train()
    x = torch.rand(4, 1, 8, 8)
    torch.testing.assert_close(body(x)[:1], body(x[:1]), rtol=0, atol=1e-6)
    assert not any(isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d) for m in body.modules())


def test_images_that_cannot_be_halved_twice_are_refused():
    with pytest.raises(BadInput, match="both sides must be at least 4, got 3x8"):
        DenseGenerator(5, (1, 3, 8))

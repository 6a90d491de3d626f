"""The nets of 2014 are the published ones, and see and make intensities in [0, 1]."""

import pytest
import torch
from torch import nn

from genzoo.nn.dropout import Dropout
from genzoo.nn.maxout import Maxout
from genzoo.nn.maxout_pair import MaxoutBody, MaxoutGenerator


def test_layers_dropout_and_start_are_those_of_the_authors_settings_for_digits():
    generator, body = MaxoutGenerator(100, (1, 28, 28), (1200, 1200)), MaxoutBody((1, 28, 28), (240, 240))
    linear = [m for m in generator.modules() if isinstance(m, nn.Linear)]
    assert [tuple(m.weight.shape) for m in linear] == [(1200, 100), (1200, 1200), (784, 1200)]
    units = [(m.linear.in_features, m.out, m.pieces) for m in body if isinstance(m, Maxout)]
    assert units == [(784, 240, 5), (240, 240, 5)]
    assert [m.rate for m in body if isinstance(m, Dropout)] == [0.2, 0.5, 0.5]
    for layer, reach in [
        *((m, 0.05) for m in linear),
        *((m.linear, 0.005) for m in body if isinstance(m, Maxout)),
    ]:
        assert 0.99 * reach < layer.weight.abs().max() <= reach  # of at least 57,600 uniform numbers
        assert layer.weight.double().var().item() == pytest.approx(reach**2 / 3, rel=0.02)
        assert not layer.bias.any()


def test_images_are_made_by_a_sigmoid_and_judged_in_0_to_1():
    generator, body = (
        MaxoutGenerator(3, (1, 2, 2), (5,)).double(),
        MaxoutBody((1, 2, 2), (4,)).double().eval(),
    )
    z = 20 * torch.randn(6, 3, dtype=torch.float64)
    *before, _ = generator
    logits = nn.Sequential(*before)(z)
    made = generator(z)
    torch.testing.assert_close((made + 1) / 2, torch.sigmoid(logits), rtol=0, atol=1e-14)
    maxout = next(m for m in body if isinstance(m, Maxout))
    torch.testing.assert_close(body(made), maxout(torch.sigmoid(logits).flatten(1)), rtol=0, atol=1e-14)


def test_what_is_no_image_stays_unbounded():
    generator, body = MaxoutGenerator(3, (2,), (5,)), MaxoutBody((2,), (4,)).eval()
    far = generator(1e4 * torch.randn(50, 3))
    assert far.abs().max() > 1
    maxout = next(m for m in body if isinstance(m, Maxout))
    assert torch.equal(body(far), maxout(far))

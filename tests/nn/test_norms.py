"""What normalises maps is what its name says."""

import pytest
import torch
from torch import nn

from genzoo.nn.norms import normalised


def maps(n):
    return 3 * torch.randn(n, 2, 4, 5, dtype=torch.float64) + 1


@pytest.mark.parametrize("training", [True, False])
def test_instance_normalisation_is_each_maps_own_moments_in_training_and_in_evaluation(training):
    (layer,) = normalised("instance", 2)
    x = maps(3)
    y = layer.train(training)(x)
    variance, mean = torch.var_mean(x, (2, 3), correction=0, keepdim=True)
    torch.testing.assert_close(y, (x - mean) / (variance + 1e-5).sqrt(), rtol=0, atol=1e-14)
    assert torch.equal(layer(x[:1]), y[:1])
    assert not list(layer.state_dict())


def test_batch_normalisation_learns_a_scale_and_a_shift_and_none_is_no_layer():
    (layer,) = normalised("batch", 2)
    assert isinstance(layer, nn.BatchNorm2d)
    assert sum(p.numel() for p in layer.parameters()) == 4
    assert normalised("none", 2) == []

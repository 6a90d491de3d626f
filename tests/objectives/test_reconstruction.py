"""Truths of the autoencoder's game."""

import pytest
import torch

from genzoo.errors import BadInput
from genzoo.models.autoencoding.autoencoder import Autoencoder
from genzoo.objectives.reconstruction import Reconstruction
from genzoo.random import seeded, sharded
from genzoo.types import Batch


@pytest.fixture
def model():
    return Autoencoder((1, 4, 3), code=2, hidden=(8,)).double()


@pytest.fixture
def images():
    return torch.rand(6, 1, 4, 3, dtype=torch.float64)


def test_squared_error_is_summed_over_an_item_and_averaged_over_the_batch(model, images):
    rebuilt = model.decode(model.encode(images))
    expected = (images - rebuilt).square().sum() / 6
    assert torch.allclose(Reconstruction().loss(model, Batch(images)).total, expected)


def test_cross_entropy_is_least_where_the_image_is_rebuilt(model, images):
    p = model.decode(model.encode(images))
    expected = -(images * p.log() + (1 - images) * (1 - p).log()).sum() / 6
    loss = Reconstruction(loss="bernoulli").loss(model, Batch(images))
    assert torch.allclose(loss.total, expected)
    entropy = -(images * images.log() + (1 - images) * (1 - images).log()).sum() / 6
    assert loss.total > entropy


def test_without_corruption_the_encoder_sees_the_item_itself(images):
    assert Reconstruction().corrupted(images) is images


def test_gaussian_corruption_has_the_stated_deviation():
    zeros = torch.zeros(100, 1, 20, 20, dtype=torch.float64)
    noise = Reconstruction(corrupt="gaussian", rate=0.3).corrupted(zeros)
    assert noise.std().item() == pytest.approx(0.3, abs=5 * 0.3 / (2 * 40_000) ** 0.5)


def test_masking_zeroes_the_stated_share_and_leaves_the_rest():
    ones = torch.ones(100, 1, 20, 20, dtype=torch.float64)
    masked = Reconstruction(corrupt="mask", rate=0.25).corrupted(ones)
    assert set(masked.unique().tolist()) == {0.0, 1.0}
    assert masked.mean().item() == pytest.approx(0.75, abs=5 * 0.5 / 40_000**0.5)


def test_denoising_rebuilds_the_clean_item(model, images):
    objective = Reconstruction(corrupt="mask", rate=0.5)
    with seeded(0):
        loss = objective.loss(model, Batch(images)).total
    with seeded(0):
        rebuilt = model.decode(model.encode(objective.corrupted(images)))
    assert torch.allclose(loss, (images - rebuilt).square().sum() / 6)


def test_shards_corrupt_what_one_process_corrupts(images):
    objective = Reconstruction(corrupt="gaussian", rate=0.3)
    with seeded(0):
        joined = objective.corrupted(images)
    with seeded(0), sharded(1, 2):
        part = objective.corrupted(images[3:])
    assert torch.equal(part, joined[3:])


def test_cross_entropy_needs_outputs_in_the_unit_interval(images):
    linear = Autoencoder((1, 4, 3), code=2, net="linear").double()
    with pytest.raises(BadInput, match="linear"):
        Reconstruction(loss="bernoulli").loss(linear, Batch(images))


@pytest.mark.parametrize("arguments", [("mask", 1.0), ("mask", -0.1), ("gaussian", -1.0)])
def test_impossible_rates_are_bad_input(arguments):
    with pytest.raises(BadInput, match="rate"):
        Reconstruction("squared", *arguments)

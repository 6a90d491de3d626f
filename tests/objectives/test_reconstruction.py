"""Truths of the autoencoder's game."""

import pytest
import torch

from genzoo.errors import BadInput
from genzoo.models.autoencoding.autoencoder import Autoencoder
from genzoo.objectives.reconstruction import Reconstruction, sparsity_penalty
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


def test_multinomial_cross_entropy_is_least_where_the_probabilities_are_rebuilt():
    model = Autoencoder((6,), code=2, hidden=(8,), squash="softmax").double()
    items = torch.rand(5, 6, dtype=torch.float64).softmax(1)
    rebuilt = model.decode(model.encode(items))
    torch.testing.assert_close(rebuilt.sum(1), torch.ones(5, dtype=torch.float64))
    loss = Reconstruction("multinomial").loss(model, Batch(items)).total
    torch.testing.assert_close(loss, -(items * rebuilt.log()).sum() / 5)
    assert loss > torch.special.entr(items).sum() / 5


def test_multinomial_cross_entropy_needs_probabilities(model, images):
    with pytest.raises(BadInput, match="softmax"):
        Reconstruction("multinomial").loss(model, Batch(images))


@pytest.mark.parametrize("target", [0.05, 0.3])
def test_the_sparsity_penalty_is_the_divergence_of_coins_and_zero_at_the_target_alone(target):
    means = torch.tensor([0.02, 0.4, 0.9], dtype=torch.float64)
    coins = [torch.distributions.Bernoulli(p) for p in (torch.tensor(target, dtype=torch.float64), means)]
    expected = torch.distributions.kl_divergence(*coins).sum()
    torch.testing.assert_close(sparsity_penalty(means, target), expected)
    at_target = sparsity_penalty(torch.full((3,), target, dtype=torch.float64), target)
    assert at_target.item() == pytest.approx(0, abs=1e-15)


def logistic():
    with seeded(0):
        return Autoencoder((1, 4, 3), code=5, hidden=(8,), code_activation="sigmoid").double()


def test_codes_pay_for_the_divergence_of_their_mean_activity(images):
    model, objective = logistic(), Reconstruction(sparse="kl", sparsity=0.1, weight=0.7)
    loss = objective.loss(model, Batch(images))
    codes = model.encode(images)
    direct = 0.7 * sparsity_penalty(codes.mean(0), 0.1)
    plain = Reconstruction().loss(model, Batch(images)).total
    torch.testing.assert_close(loss.total, plain + direct)
    torch.testing.assert_close(loss.terms["mean_activation"], codes.mean())
    weights = tuple(model.encoder.parameters())
    wanted = torch.autograd.grad(direct, weights, retain_graph=True)
    got = torch.autograd.grad(objective.penalty(model, codes), weights)
    for a, b in zip(got, wanted, strict=True):
        torch.testing.assert_close(a, b)


def test_the_lasso_penalty_is_the_mean_sum_of_magnitudes(model, images):
    loss = Reconstruction(sparse="l1", weight=0.2).loss(model, Batch(images))
    expected = 0.2 * model.encode(images).abs().sum() / 6
    torch.testing.assert_close(loss.terms["penalty"], expected)
    torch.testing.assert_close(loss.total, loss.terms["squared_error"] + expected)


def test_descending_the_penalty_brings_the_mean_activity_to_the_target(images):
    model, objective = logistic(), Reconstruction(sparse="kl", sparsity=0.2, weight=100.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        objective.loss(model, Batch(images)).total.backward()
        optimizer.step()
    assert (model.encode(images).mean(0) - 0.2).abs().max() < 0.02


def test_divergence_of_unbounded_codes_is_refused(model, images):
    with pytest.raises(BadInput, match="code-activation sigmoid"):
        Reconstruction(sparse="kl").loss(model, Batch(images))


@pytest.mark.parametrize("arguments", [{"sparsity": 0.0}, {"sparsity": 1.0}, {"weight": -1.0}])
def test_impossible_penalties_are_bad_input(arguments):
    with pytest.raises(BadInput, match=next(iter(arguments))):
        Reconstruction(**arguments)

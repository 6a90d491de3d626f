import math

import pytest
import torch

from genzoo.errors import BadInput
from genzoo.models.autoencoding.compressive import CompressiveAutoencoder
from genzoo.nn.surroundings import by_phases
from genzoo.objectives.rate_distortion import RateDistortion, psnr
from genzoo.random import seeded
from genzoo.types import Batch


def smooth_images(n=16, size=16):
    """Ramps and waves with a little noise, the same at each call."""
    torch.manual_seed(1)
    y, x = torch.meshgrid(torch.linspace(0, 1, size), torch.linspace(0, 1, size), indexing="ij")
    angle, phase = torch.rand(2, n, 3, 1, 1) * 2 * math.pi
    waves = 0.5 + 0.4 * torch.sin(6 * (angle.cos() * x + angle.sin() * y) + phase)
    return (waves + 0.03 * torch.randn(n, 3, size, size)).clamp(0, 1)


def begun(weights, **arguments):
    with seeded(0):
        model = CompressiveAutoencoder((3, 16, 16), code=24, width=4, blocks=1, cosine=True, **arguments)
    objective, batch = RateDistortion(weights), Batch(smooth_images())
    objective.begin(model, batch)
    return model, objective, batch


def test_psnr_of_an_error_of_one_level_is_48_decibels():
    assert psnr(torch.tensor([1.0, 100.0])).tolist() == pytest.approx([48.1308, 28.1308], abs=1e-4)


def test_its_loss_is_the_rate_and_the_error_over_its_weight_in_their_units():
    model, objective, batch = begun((60.0,))
    with seeded(3):
        loss = objective.loss(model, batch)
    with seeded(3):
        torch.rand(16)  # the qualities
        noise = torch.rand(16, 24, 2, 2) - 0.5
    quality = torch.zeros(16, dtype=torch.long)
    codes = model.analysed(batch.images, quality)
    _, mixture = model.expected(codes.round(), quality)
    bits = -mixture.log_mass(by_phases(codes + noise)).sum() / math.log(2)
    error = (255 * (model.decode(codes.round()) - batch.images)).square().mean()
    assert loss.terms["bits_per_pixel"].item() == pytest.approx(bits.item() / (16 * 256), rel=1e-5)
    assert loss.terms["squared_error"].item() == pytest.approx(error.item(), rel=1e-5)
    assert loss.total.item() == pytest.approx(bits.item() / (16 * 256) + error.item() / 60, rel=1e-5)


def descended(weight, steps=25):
    model, objective, batch = begun((weight,))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    with seeded(5):
        for _ in range(steps):
            optimizer.zero_grad()
            objective.loss(model, batch).total.backward()
            optimizer.step()
        terms = objective.loss(model, batch).terms
    return terms["bits_per_pixel"].item(), terms["squared_error"].item()


def test_the_rate_falls_and_the_error_rises_with_the_weight():
    fine, middle, coarse = (descended(weight) for weight in (10.0, 60.0, 360.0))
    assert fine[0] > middle[0] > coarse[0]
    assert fine[1] < middle[1] < coarse[1]


def test_training_lowers_what_it_descends():
    model, objective, batch = begun((60.0,))
    with seeded(5):
        first = objective.loss(model, batch).total.item()
    bits, error = descended(60.0)
    assert bits + error / 60 < 0.9 * first


def test_the_papers_bound_is_above_the_rate_of_the_file():
    model, _, batch = begun((60.0,))
    quality = torch.zeros(16, dtype=torch.long)
    codes = model.analysed(batch.images, quality).round()
    _, mixture = model.expected(codes, quality)
    exact = -mixture.log_mass(by_phases(codes)).sum().item() / math.log(2) / (16 * 256)
    with seeded(0):
        noisy = [RateDistortion((60.0,), "bound").loss(model, batch) for _ in range(8)]
    bounds = [loss.terms["bits_per_pixel"].item() for loss in noisy]
    assert min(bounds) > exact


def test_each_quality_is_coded_at_its_own_weight():
    model, objective, batch = begun((400.0, 20.0), qualities=2)
    assert model.step[0] / model.step[1] == pytest.approx(math.sqrt(20), rel=1e-5)
    with seeded(0):
        objective.loss(model, batch).total.backward()
    assert (model.log_gain.grad.abs().sum(1) > 0).all()


@pytest.mark.parametrize(
    ("weights", "says"),
    [((), "positive"), ((0.0,), "positive"), ((math.nan,), "positive"), ((20.0, 60.0), "must fall")],
)
def test_weights_that_mean_nothing_are_refused(weights, says):
    with pytest.raises(BadInput, match=says):
        RateDistortion(weights)


def test_as_many_weights_as_qualities_are_asked_for():
    with pytest.raises(BadInput, match="add --qualities 2"):
        begun((60.0, 20.0))

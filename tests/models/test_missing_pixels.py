"""Training with missing pixels: what is unknown has no influence, what is known is scored as it should be."""

import math

import numpy as np
import pytest
import torch

from genzoo.data.batches import Batches, in_order
from genzoo.data.series import series
from genzoo.data.sources import load
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation.likelihood import log_prob
from genzoo.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from genzoo.models.autoregressive.made import MADE
from genzoo.models.autoregressive.pixelcnn import PixelCNN
from genzoo.objectives.likelihood import NegativeLogLikelihood
from genzoo.training.config import Config
from genzoo.training.settings import OptimizerSettings, Settings
from genzoo.training.trainer import assemble
from genzoo.types import Batch

OUTPUTS = {
    "binary": {"shape": (1, 4, 3), "levels": 2, "output": "binary"},
    "softmax": {"shape": (3, 4, 3), "levels": 4},
    "mixture": {"shape": (3, 4, 3), "levels": 8, "output": "mixture", "components": 2},
}


def net(output):
    return PixelCNN(**OUTPUTS[output], width=6, blocks=1, kernel=5, head=6).double().eval()


def images(model, n=3):
    return (torch.rand(n, *model.shape, dtype=torch.float64) * (model.levels - 1)).round() / (
        model.levels - 1
    )


def some_known(model, n=3):
    known = torch.rand(n, 1, *model.shape[1:]) < 0.6
    known[0, 0, 0, 0], known[0, 0, 1, 1] = False, True
    return known


@pytest.mark.parametrize("output", OUTPUTS)
def test_with_every_pixel_known_it_is_log_prob(output):
    model = net(output)
    x = images(model)
    everything = torch.ones(3, 1, 4, 3, dtype=torch.bool)
    expected = model.log_prob(x)
    torch.testing.assert_close(model.log_prob_known(x, everything), expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("output", OUTPUTS)
def test_no_value_of_an_unknown_pixel_bears_on_the_loss_not_even_nan(output):
    model = net(output)
    x, known = images(model), some_known(model)
    expected = model.log_prob_known(x, known)
    for other in (0.123, 1.0, math.nan, math.inf):
        found = model.log_prob_known(torch.where(known, x, other), known)
        assert torch.equal(found, expected)
    loss = NegativeLogLikelihood().loss(model, Batch(torch.where(known, x, math.nan), known=known))
    loss.total.backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def test_the_gradient_by_an_unknown_pixel_is_zero_and_by_a_known_one_is_not():
    model = GatedPixelCNN((1, 4, 3), levels=4, width=6, layers=2, kernel=5, head=8).double()
    known = some_known(model, 1)
    x = images(model, 1).requires_grad_()
    (gradient,) = torch.autograd.grad(model.log_prob_known(x, known).sum(), x)
    assert (gradient[~known] == 0).all()
    assert (gradient[known] != 0).any()


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_known_beginning_of_an_image_has_its_exact_probability(output):
    model = net(output)
    x = images(model, 1)
    top = torch.zeros(1, 1, 4, 3, dtype=torch.bool)
    top[:, :, :2] = True
    found = model.log_prob_known(x, top)
    maps = model.parameters_of(x * 2 - 1, None)
    expected = model.output.density(maps[:, :, :2]).log_prob(x[:, :, :2])
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    assert found.item() > model.log_prob(x).item()


def test_bits_are_of_a_known_dimension_and_nats_of_an_item():
    model = net("softmax")
    x, known = images(model), some_known(model)
    loss = NegativeLogLikelihood().loss(model, Batch(x, known=known))
    nats = -model.log_prob_known(x, known)
    assert loss.total.item() == pytest.approx(nats.mean().item())
    expected = nats.sum().item() / (int(known.sum()) * 3 * math.log(2))
    assert loss.terms["bits_per_dim"].item() == pytest.approx(expected)


def test_a_model_that_cannot_leave_out_pixels_is_refused():
    class Flat(PixelCNN):
        log_prob_known = None

    model = Flat((1, 4, 3), levels=2, width=2, blocks=1, kernel=3, head=2)
    known = torch.ones(1, 1, 4, 3, dtype=torch.bool)
    with pytest.raises(BadInput, match="Flat cannot leave out unknown pixels"):
        NegativeLogLikelihood().loss(model, Batch(torch.zeros(1, 1, 4, 3), known=known))


def test_missing_hides_the_same_share_of_an_item_each_time():
    game = NegativeLogLikelihood(missing=0.3)
    batch = Batch(torch.zeros(50, 1, 20, 20), index=torch.arange(50))
    known = game.known(batch)
    alone = game.known(Batch(torch.zeros(1, 1, 20, 20), index=torch.tensor([7])))
    assert torch.equal(known[7:8], alone)
    assert (~known).float().mean().item() == pytest.approx(0.3, abs=0.01)
    with pytest.raises(BadInput, match="--missing must be at least 0 and below 1, got 1"):
        NegativeLogLikelihood(missing=1.0)


def chain(n, steps, stay):
    """Binary Markov chains of which a step repeats the one before it with probability `stay`."""
    changes = (torch.rand(n, steps) >= stay).long()
    return (changes.cumsum(1) % 2).float()[:, None, :, None]


def learned_stay(model, game, x, steps=200):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for i in range(steps):
        rows = torch.arange(i * 64, i * 64 + 64) % len(x)
        optimizer.zero_grad()
        game.loss(model, Batch(x[rows], index=rows)).total.backward()
        optimizer.step()
    test = chain(500, x.shape[2], 0.5)
    with torch.no_grad():
        p = model.conditionals(test).mean[:, 0, :, 0]
    before = test[:, 0, :-1, 0]
    return torch.where(before == 1, p[:, 1:], 1 - p[:, 1:])


def test_a_net_that_never_saw_30_percent_of_the_values_learns_the_chains_transition_probability():
    x = chain(4000, 12, 0.85)
    model = PixelCNN((1, 12, 1), levels=2, output="binary", width=6, blocks=0, kernel=3, head=12)
    stay = learned_stay(model, NegativeLogLikelihood(missing=0.3), x)
    assert stay.min().item() == pytest.approx(0.85, abs=0.04)
    assert stay.max().item() == pytest.approx(0.85, abs=0.04)


def test_unknown_cells_of_a_series_reach_the_loss_as_unknown(tmp_path):
    rows = ["a,b", *(f"{i % 7},{'' if i % 5 == 0 else i % 3}" for i in range(200))]
    (tmp_path / "gaps.csv").write_text("\n".join(rows))
    data = load(str(tmp_path / "gaps.csv"), View(size=(8, 2), levels=8))
    batch = Batches(data, size=4, view=View(size=(8, 2), levels=8)).at(0)
    assert (~batch.known).sum() == (~batch.known[..., 1]).sum() > 0
    model = PixelCNN((1, 8, 2), levels=8, width=4, blocks=1, head=4)
    loss = NegativeLogLikelihood().loss(model, batch)
    expected = -model.log_prob_known(batch.images, batch.known).mean()
    assert loss.total.item() == expected.item()


def test_what_takes_whole_items_refuses_data_with_unknown_values():
    gaps = np.arange(300.0)[:, None] % 7
    gaps[5] = np.nan
    data = series(gaps, View(size=(8, 1)))
    model = PixelCNN((1, 8, 1), levels=256, width=2, blocks=0, head=2)
    with pytest.raises(BadInput, match="the data have unknown values"):
        log_prob(model, next(in_order(data, "train")))
    settings, adam = Settings(images=8, batch=4), {"": OptimizerSettings()}
    objective = {"class": "Reconstruction"}
    config = Config(
        "toy", "gaps", View(), {"class": "Autoencoder", "shape": [1, 8, 1]}, objective, adam, settings
    )
    with pytest.raises(BadInput, match="series has unknown values, Reconstruction needs all"):
        assemble(config, data, torch.device("cpu"))


def test_a_mixture_of_orderings_is_not_scored_by_one_of_them():
    model = MADE((1, 2, 2), hidden=[4], orderings=2)
    with pytest.raises(BadInput, match="take orderings=1"):
        model.log_prob_known(torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2, dtype=torch.bool))

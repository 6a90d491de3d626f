import math

import pytest
import torch

from genzoo.apply import (
    RandomWalk,
    forecast,
    forecast_quality,
    futures_strip,
    naive_nats_of_future,
    nats_of_future,
)
from genzoo.apply.forecast import frames
from genzoo.apply.forecast_quality import nats_at
from genzoo.errors import BadInput
from genzoo.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from genzoo.models.autoregressive.made import MADE
from genzoo.models.autoregressive.pixelcnn import PixelCNN


def net(h=6, w=2, levels=3):
    return PixelCNN((1, h, w), levels=levels, width=4, blocks=1, kernel=5, head=6).double().eval()


def windows(n=3, h=6, w=2, levels=3):
    return torch.randint(levels, (n, 1, h, w)).double() / (levels - 1)


def test_the_past_is_kept_bit_for_bit_and_what_follows_it_is_not_looked_at():
    model, x = net(), windows()
    futures = forecast(model, x, 3, k=4, seed=1)
    assert futures.shape == (3, 4, 1, 6, 2)
    assert torch.equal(futures[:, :, :, :3], x[:, None, :, :3].expand(3, 4, 1, 3, 2))
    assert torch.equal(forecast(model, x[:, :, :3], 3, k=4, seed=1), futures)
    other = torch.cat([x[:, :, :3], torch.full_like(x[:, :, 3:], math.nan)], 2)
    assert torch.equal(forecast(model, other, 3, k=4, seed=1), futures)


def test_futures_follow_the_models_conditional_distribution():
    model, x = net(h=2, w=1, levels=2), torch.zeros(1, 1, 2, 1).double()
    drawn = forecast(model, x, 1, k=4000, batch=4000)[0, :, 0, 1, 0]
    p = model.conditionals(x).mean[0, 0, 1, 0].item()
    assert drawn.mean().item() == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / 4000))


def test_an_unknown_value_of_the_past_is_drawn_and_its_stand_in_not_looked_at():
    model, x = net(), windows()
    known = torch.ones(3, 1, 6, 2, dtype=torch.bool)
    known[:, :, 1, 0] = False
    a = forecast(model, x, 3, k=8, known=known, seed=2)
    b = forecast(model, torch.where(known, x, math.nan), 3, k=8, known=known, seed=2)
    assert torch.equal(a, b)
    assert a[0, :, 0, 1, 0].unique().numel() > 1


def test_a_series_of_one_row_and_one_of_one_column_can_be_forecast_by_completion():
    column = GatedPixelCNN((1, 7, 1), levels=3, width=4, layers=2, kernel=5, head=4)
    assert forecast(column, torch.zeros(2, 1, 7, 1), 4, k=2).shape == (2, 2, 1, 7, 1)
    row = GatedPixelCNN((2, 1, 7), levels=3, width=4, layers=2, kernel=5, head=4)  # channels are variables
    known = torch.zeros(1, 1, 1, 7, dtype=torch.bool)
    known[..., :4] = True
    drawn = row.complete(torch.zeros(1, 2, 1, 7), known)
    assert (drawn[..., :4] == 0).all()
    assert row.log_prob(drawn).isfinite().all()


@pytest.mark.parametrize("past", [0, 6, -1])
def test_a_past_that_leaves_nothing_before_or_after_is_refused(past):
    with pytest.raises(BadInput, match=f"--past {past}: the model's sequences have 6 rows, so from 1 to 5"):
        forecast(net(), windows(), past)


def test_a_past_that_is_too_short_is_refused():
    with pytest.raises(BadInput, match="a past of 3 rows was asked for, the sequences have 2"):
        forecast(net(), windows()[:, :, :2], 3)


def test_nats_of_the_future_and_of_the_past_are_those_of_the_whole():
    model, x = net(), windows()
    steps = sum(
        nats_at(model, x, x[:, None], row) for row in range(2, 6)
    )  # with the truth as the only future each step is given the true ones before
    torch.testing.assert_close(nats_of_future(model, x, 2), steps)
    assert (nats_of_future(model, x, 1) < nats_of_future(model, x, 5)).all()


def test_the_average_over_futures_gives_the_probability_two_steps_ahead():
    model = net(h=3, w=1, levels=2)
    x = torch.tensor([0.0, 0.0, 1.0]).double().view(1, 1, 3, 1)
    exact = sum(
        model.log_prob(torch.tensor([0.0, middle, 1.0]).double().view(1, 1, 3, 1)).exp() for middle in (0, 1)
    ) / sum(
        model.log_prob(torch.tensor([0.0, a, b]).double().view(1, 1, 3, 1)).exp()
        for a in (0, 1)
        for b in (0, 1)
    )
    futures = forecast(model, x, 1, k=4000, batch=4000)
    assert nats_at(model, x, futures, 2).exp().item() == pytest.approx(exact.item(), abs=0.01)


def test_the_naive_forecast_is_a_probability_of_levels():
    walk = RandomWalk(windows(40, levels=5), 5)
    now = torch.tensor([[0.25, 1.0]]).double()
    every = torch.cartesian_prod(torch.arange(5), torch.arange(5)).double() / 4
    for horizon in (1, 3):
        total = walk.log_prob(now.expand(25, 2), every, horizon).exp().sum()
        assert total.item() == pytest.approx(1, abs=1e-9)


def test_the_naive_forecast_of_a_random_walk_nears_its_entropy():
    steps = (torch.randint(3, (3000, 9)) - 1).cumsum(1) + 128
    x = (steps.double() / 255)[:, None, :, None]
    walk = RandomWalk(x[:2000], 256)
    nats = -naive_nats_of_future(walk, x[2000:2200], 4).mean() / 5
    assert math.log(3) - 0.02 < nats.item() < math.log(3) + 0.25  # the smoothing costs something


def test_quality_is_zero_error_for_futures_that_came_true():
    model, x = net(), windows(12)
    found = forecast_quality(model, x, x[:, None].expand(-1, 2, -1, -1, -1), 2, RandomWalk(x, 3), [1, 2, 4])
    assert [at.horizon for at in found] == [1, 2, 4]
    assert all(at.error == at.best_error == 0 < at.naive_error for at in found)
    assert all(at.nats > 0 and at.naive_nats > 0 for at in found)


def test_an_image_sequence_is_shown_frame_by_frame():
    x = torch.arange(12.0).view(1, 1, 6, 2) / 12
    assert torch.equal(frames(x, 2)[0, 1, 0], x[0, 0, 2:4])
    assert futures_strip(x, x[:, None], 2).shape == (1, 1, 2 * 4 + 2, 3 * 4 + 2)
    with pytest.raises(BadInput, match="--frame 4: sequences of 6 rows are no whole frames of it"):
        frames(x, 4)


@pytest.mark.parametrize("order", [{"order_seed": 3}, {"orderings": 2}])
def test_a_net_that_may_draw_a_later_row_first_is_refused(order):
    with pytest.raises(BadInput, match="does not draw row after row"):
        forecast(MADE((1, 3, 2), hidden=[4], **order), torch.zeros(1, 1, 3, 2), 1)

import numpy as np
import pytest
import torch
from linear_truth import linear_vae, point_set
from torch import nn

from genzoo.data.dataset import Dataset
from genzoo.errors import BadInput
from genzoo.evaluation.anomaly import rank, roc_auc
from genzoo.images import to_levels
from genzoo.models import Model


def image_set():
    items = np.arange(12, dtype=np.uint8).reshape(12, 1, 1, 1) * 20 % 70
    return Dataset("toy", "images", items, {"test": np.arange(2, 12)})


class Toy(Model):
    def __init__(self, levels=256):
        super().__init__((1, 1, 1))
        self.levels = levels
        self.zero = nn.Parameter(torch.zeros(()))


class BrightIsLikely(Toy):
    def log_prob(self, images, given=None):
        return to_levels(images.flatten(), 256).float() - 300


class Darkens(Toy):
    def encode(self, images, given=None):
        return images.flatten(1)

    def decode(self, latents, given=None):
        return latents.view(-1, 1, 1, 1) * 0


class Both(BrightIsLikely, Darkens):
    def elbo(self, images, given=None):
        return self.log_prob(images) - 1


def test_items_come_from_the_least_likely_on_with_their_place_in_the_data_set():
    data = image_set()
    ranking = rank(BrightIsLikely(), data, batch=3)
    values = data.items[ranking.index.numpy(), 0, 0, 0].astype(float) - 300
    assert ranking.scores.tolist() == values.tolist() == sorted(values)
    assert sorted(ranking.index.tolist()) == list(range(2, 12))
    assert ranking.scores.dtype == torch.float64
    assert torch.allclose(ranking.bits_per_dim, -ranking.scores / np.log(2))
    assert (ranking.unit, ranking.summary.name, ranking.summary.kind) == ("nats", "log_prob", "exact")
    assert ranking.summary.value == pytest.approx(values.mean())


def test_equal_scores_stay_in_the_order_of_the_set():
    data = Dataset("grey", "images", np.zeros((9, 1, 1, 1), np.uint8), {"test": np.arange(9)})
    assert rank(BrightIsLikely(), data, batch=2).index.tolist() == list(range(9))


def test_the_score_is_the_one_nearest_to_log_prob():
    assert rank(Both(), image_set()).summary.name == "log_prob"
    model = linear_vae()
    assert rank(model, point_set(model)).unit == "nats (density)"
    error = rank(Darkens(None), image_set())
    assert (error.unit, error.summary.name, error.bits_per_dim) == (
        "minus squared error",
        "squared_error",
        None,
    )
    assert (error.scores <= 0).all()  # the worst reconstruction first
    assert error.scores[0] == -error.scores.abs().max()
    assert error.summary.value == pytest.approx(-error.scores.mean().item())


def test_bounds_rank_where_nothing_is_exact():
    class Bound(Toy):
        def elbo(self, images, given=None):
            return images.flatten() - 3

    ranking = rank(Bound(), image_set(), samples=2)
    assert (ranking.summary.name, ranking.summary.kind, ranking.summary.samples) == ("elbo", "bound", 2)


def test_the_area_is_that_of_scikit_learn_with_ties_too():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    for ties in (False, True):
        inside, outside = rng.normal(0.7, 1, 301), rng.normal(0, 1.4, 150)
        if ties:
            inside, outside = inside.round(), outside.round()
        truth = np.r_[np.ones(301), np.zeros(150)]
        expected = metrics.roc_auc_score(truth, np.r_[inside, outside])
        area, _ = roc_auc(torch.tensor(inside), torch.tensor(outside))
        assert area == pytest.approx(expected, abs=1e-12)


def test_the_standard_error_is_the_spread_over_repetitions():
    torch.manual_seed(0)
    found = [roc_auc(torch.randn(60) + 1, torch.randn(40)) for _ in range(400)]
    areas, errors = (torch.tensor(column) for column in zip(*found, strict=True))
    assert errors.mean().item() == pytest.approx(areas.std().item(), rel=0.12)  # of 400: ± 4%
    # P(x > y) of N(1, 1) and N(0, 1) is Φ(1/√2)
    assert areas.mean().item() == pytest.approx(0.7602, abs=0.01)


def test_scores_apart_have_area_one_the_other_way_zero_and_equal_ones_a_half():
    low, high = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0, 5.0])
    assert roc_auc(high, low) == (1.0, 0.0)
    assert roc_auc(low, high) == (0.0, 0.0)
    assert roc_auc(torch.ones(5), torch.ones(3)) == (0.5, 0.0)
    with pytest.raises(BadInput, match="two scores of each set, got 1 and 2"):
        roc_auc(low[:1], low)

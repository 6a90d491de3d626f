import pytest
import torch

from genzoo.evaluation import neighbours
from genzoo.evaluation.precision_recall import density_coverage, precision_recall


def values(estimates):
    return [e.value for e in estimates]


def test_a_set_has_precision_recall_and_coverage_one_against_itself():
    x = torch.randn(80, 5)
    assert values(precision_recall(x, x)) == [1, 1]
    assert values(density_coverage(x, x)) == [1, 1]  # open balls: k − 1 neighbours and the image itself


def test_disjoint_sets_have_none():
    x, y = torch.randn(80, 5), torch.randn(60, 5) + 100
    assert values(precision_recall(x, y)) == [0, 0]
    assert values(density_coverage(x, y)) == [0, 0]


def test_a_dropped_mode_costs_recall_and_coverage_and_no_precision():
    real = torch.cat([torch.randn(200, 3), torch.randn(200, 3) + 50])
    samples = torch.randn(400, 3)  # one mode of two
    both = torch.cat([torch.randn(200, 3), torch.randn(200, 3) + 50])
    precision, recall = values(precision_recall(samples, real))
    assert precision == pytest.approx(values(precision_recall(both, real))[0], abs=0.05)
    assert recall < 0.55
    coverage, full = (values(density_coverage(s, real))[1] for s in (samples, both))
    assert coverage < 0.55 < 0.9 < full


def test_samples_of_the_data_distribution_have_density_one():
    densities = [density_coverage(torch.randn(300, 3), torch.randn(300, 3))[0] for _ in range(5)]
    mean = sum(d.value for d in densities) / 5
    assert mean == pytest.approx(1, abs=4 * densities[0].stderr)


def test_they_agree_with_balls_found_by_scikit_learn(monkeypatch):
    sklearn = pytest.importorskip("sklearn.neighbors")
    monkeypatch.setattr(neighbours, "BLOCK", 64)
    samples, real = torch.randn(150, 6) * 1.2, torch.randn(200, 6)

    def held(x, y, k):  # x in the balls of y
        own = sklearn.NearestNeighbors(n_neighbors=k + 1).fit(y.numpy())
        reach = torch.from_numpy(own.kneighbors(y.numpy())[0][:, -1])
        return torch.cdist(x.double(), y.double()) <= reach  # no distance is at a border

    expected = [held(samples, real, 3).any(1), held(real, samples, 3).any(1)]
    assert values(precision_recall(samples, real)) == [float(e.double().mean()) for e in expected]
    balls = held(samples, real, 5).double()
    assert values(density_coverage(samples, real)) == pytest.approx(
        [float(balls.sum(1).mean() / 5), float(balls.amax(0).mean())], rel=1e-12
    )


def test_precision_of_one_is_recall_of_the_other():
    x, y = torch.randn(90, 4), torch.randn(70, 4) + 0.5
    assert precision_recall(x, y) == precision_recall(y, x)[::-1]


def test_repeated_images_do_not_break_the_balls():
    x = torch.zeros(20, 3)
    assert values(precision_recall(x, x)) == [1, 1]  # closed balls of radius 0
    assert values(density_coverage(x, x)) == [0, 0]  # open ones hold nothing

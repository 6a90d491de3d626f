import pytest
import torch

from genzoo.errors import BadInput
from genzoo.evaluation import neighbours
from genzoo.evaluation.diversity import diversity, mean_distance
from genzoo.evaluation.neighbours import memorised, nearest, proportion, radii


def test_they_are_those_of_scikit_learn(monkeypatch):
    sklearn = pytest.importorskip("sklearn.neighbors")
    monkeypatch.setattr(neighbours, "BLOCK", 64)  # many blocks
    x, y = torch.randn(150, 12), torch.randn(333, 12) + 5
    found = nearest(x, y, 5)
    distance, index = sklearn.NearestNeighbors(n_neighbors=5).fit(y.numpy()).kneighbors(x.numpy())
    assert (found.index.numpy() == index).all()
    torch.testing.assert_close(found.distance, torch.from_numpy(distance), rtol=1e-6, atol=0)


def test_a_row_is_not_its_own_neighbour(monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK", 16)
    x = torch.randn(60, 3)
    apart = torch.cdist(x.double(), x.double()).fill_diagonal_(torch.inf)
    torch.testing.assert_close(radii(x, 3), apart.sort(1).values[:, 2], rtol=1e-9, atol=0)
    some = torch.tensor([50, 3, 17])
    torch.testing.assert_close(nearest(x[some], x, own=some).distance[:, 0], apart[some].min(1).values)


def test_equal_rows_are_exactly_zero_apart_however_far_out():
    x = torch.randn(50, 6) * 1e3 + 1e6
    found = nearest(x, x.flip(0))
    assert (found.distance == 0).all()
    assert torch.equal(found.index[:, 0], torch.arange(49, -1, -1))


def test_copies_of_training_images_are_all_memorised():
    training = torch.randn(200, 5)
    copies = training[torch.randint(200, (60,))]
    assert memorised(nearest(copies, training), training).all()


def test_images_far_from_the_training_set_are_not_memorised():
    training = torch.randn(200, 5)
    far = torch.randn(60, 5) + 20
    assert not memorised(nearest(far, training), training).any()


def test_a_share_has_the_binomial_error():
    p = proportion(torch.arange(100) < 20)
    assert p == (pytest.approx(0.2), pytest.approx(0.04))


def test_more_neighbours_than_images_are_refused():
    with pytest.raises(BadInput, match="5 nearest neighbours cannot be found among 4"):
        radii(torch.randn(5, 2), 5)


def test_the_mean_distance_is_that_of_all_pairs(monkeypatch):
    x = torch.randn(70, 4)
    truth = float(torch.nn.functional.pdist(x.double()).mean())
    assert mean_distance(x).value == pytest.approx(truth, rel=1e-12)
    monkeypatch.setattr(neighbours, "BLOCK", 16)
    assert mean_distance(x).value == pytest.approx(truth, rel=1e-12)


def test_diversity_is_one_for_equal_sets_and_scales_with_the_samples():
    x = torch.randn(70, 4)
    assert diversity(x, x).value == pytest.approx(1)
    assert diversity(x / 2, x).value == pytest.approx(0.5)
    assert diversity(x[:1].repeat(20, 1), x).value == pytest.approx(0, abs=1e-12)


def test_the_error_of_diversity_is_that_of_repeated_draws():
    estimates = [diversity(torch.randn(80, 4), torch.randn(60, 4)) for _ in range(100)]
    values, errors = (torch.tensor(column, dtype=torch.float64) for column in zip(*estimates, strict=True))
    assert float(errors.mean() / values.std()) == pytest.approx(1, abs=0.25)  # known to 7%


def test_real_images_without_diversity_are_refused():
    with pytest.raises(BadInput, match="no diversity"):
        diversity(torch.randn(5, 2), torch.zeros(5, 2))

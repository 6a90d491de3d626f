"""Truths of clusterings and of how they are compared with classes."""

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from genzoo.data.dataset import Dataset
from genzoo.errors import BadInput
from genzoo.evaluation.clustering import MOST, agreement, agreements, ari, cluster, nmi
from genzoo.models.autoencoding.autoencoder import Autoencoder
from genzoo.random import seeded


def groupings(n=200, a=4, b=7, seed=0):
    rng = np.random.default_rng(seed)
    first = rng.integers(0, a, n)
    second = np.where(rng.random(n) < 0.6, first, rng.integers(0, b, n))
    return torch.from_numpy(first), torch.from_numpy(second)


@pytest.mark.parametrize("seed", range(5))
def test_both_scores_are_scikit_learns(seed):
    a, b = groupings(seed=seed)
    assert nmi(a, b) == pytest.approx(normalized_mutual_info_score(a, b), abs=1e-12)
    assert ari(a, b) == pytest.approx(adjusted_rand_score(a, b), abs=1e-12)


def test_equal_groupings_score_one_whatever_the_groups_are_called():
    a, _ = groupings()
    names = torch.tensor([2, 0, 3, 1])
    assert nmi(a, names[a]) == pytest.approx(1)
    assert ari(a, names[a]) == pytest.approx(1)


def test_one_group_for_all_says_nothing_and_two_such_groupings_are_equal():
    a, _ = groupings()
    one = torch.zeros_like(a)
    assert nmi(a, one) == pytest.approx(0, abs=1e-12)
    assert ari(a, one) == pytest.approx(0, abs=1e-12)
    assert nmi(one, one) == ari(one, one) == 1


def test_random_groupings_have_an_adjusted_rand_index_of_zero_on_average():
    rng = np.random.default_rng(0)
    drawn = [ari(*(torch.from_numpy(rng.integers(0, 5, 60)) for _ in range(2))) for _ in range(400)]
    assert abs(np.mean(drawn)) < 5 * np.std(drawn) / 20


def clouds(n=200):
    """A wide cloud and a narrow one inside it."""
    labels = torch.arange(2).repeat_interleave(n)
    with seeded(1):
        points = torch.randn(2 * n, 2, dtype=torch.float64)
    narrow = 0.4 * points + torch.tensor([4.0, 0.0])
    return torch.where(labels[:, None] == 0, 4 * points, narrow), labels


def test_a_mixture_tells_clusters_of_unlike_width_apart_and_k_means_does_not():
    points, labels = clouds()
    one = {m: ari(cluster(points, 2, method=m).assigned, labels) for m in ("k-means", "mixture")}
    assert one["mixture"] > 0.85
    assert one["k-means"] < 0.5


def test_the_most_typical_item_of_a_k_means_cluster_is_the_nearest_to_its_mean():
    points, _ = clouds()
    found = cluster(points, 3)
    for k in range(3):
        members = (found.assigned == k).nonzero().flatten()
        centre = points[members].mean(0)
        nearest = members[(points[members] - centre).norm(dim=1).argmin()]
        assert members[found.typical[members].argmax()] == nearest


def test_agreement_is_a_mean_over_beginnings():
    points, labels = clouds()
    found = agreement(points, labels, 4, features="x", method="k-means", seeds=3)
    each = [nmi(cluster(points, 4, seed=seed).assigned, labels) for seed in range(3)]
    assert found.nmi == pytest.approx(np.mean(each))
    assert found.nmi_sd == pytest.approx(np.std(each, ddof=1))
    assert agreement(points, labels, 4, features="x", method="k-means", seeds=1).nmi_sd == 0


def toy(labels=True):
    rng = np.random.default_rng(0)
    number = np.arange(60) % 2
    items = (rng.random((60, 1, 12, 12)) * 60).astype(np.uint8)
    items[number == 1, :, :6] += 180
    split = {"train": np.arange(40), "val": np.arange(40, 50), "test": np.arange(40, 60)}
    return Dataset("toy", "images", items, split, labels=number if labels else None)


def test_a_model_is_compared_with_its_hidden_layers_pixels_and_as_many_components():
    with seeded(0):
        model = Autoencoder((1, 12, 12), code=3, hidden=(8,))
    data = toy()
    found = agreements(model, data, data.split("test"), 2, seeds=2)
    names = [(one.features, one.size, one.method) for one in found]
    assert names == [
        ("", 3, "k-means"),
        ("", 3, "mixture"),
        ("hidden", 8, "k-means"),
        ("hidden", 8, "mixture"),
        ("pixels", 144, "k-means"),
        ("pca", 3, "k-means"),
        ("pca", 3, "mixture"),
    ]
    best = {(one.features, one.method): one.nmi for one in found}
    assert best["pixels", "k-means"] == best["pca", "k-means"] == pytest.approx(1)


def test_too_many_dimensions_for_a_mixture_and_missing_labels_are_refused():
    with pytest.raises(BadInput, match="use k-means"):
        cluster(torch.rand(20, MOST + 1), 2, method="mixture")
    data = toy(labels=False)
    with pytest.raises(BadInput, match="no labels"):
        agreements(Autoencoder((1, 12, 12), code=3, hidden=(8,)), data, data.split("test"), 2)

import math

import numpy as np
import pytest
import torch
from labelled_bars import autoencoder, bars
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation.logistic import fit_probe
from genzoo.evaluation.probes import knn_predict, probe, setting


def blobs(n=90, d=5, classes=3, spread=1.0, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    x = rng.normal(size=(n, d)) * spread + 3 * rng.normal(size=(classes, d))[labels] + 7
    return torch.from_numpy(x), torch.from_numpy(labels)


@pytest.mark.parametrize(("n", "d"), [(90, 5), (30, 60)])
def test_the_linear_probe_is_scikit_learns_logistic_regression(n, d):
    x, y = blobs(n, d)
    ours = fit_probe(x, y, 3, prior=10.0, tolerance=1e-9, iterations=2000)
    standard = ((x - x.mean(0)) / (x - x.mean(0)).square().mean().sqrt()).numpy()
    theirs = LogisticRegression(C=10.0 / d, tol=1e-10, max_iter=5000).fit(standard, y.numpy())
    centred = theirs.intercept_ - theirs.intercept_.mean()  # softmax does not see a shift of all
    np.testing.assert_allclose(ours.weight.numpy(), theirs.coef_, atol=1e-4)
    np.testing.assert_allclose((ours.bias - ours.bias.mean()).numpy(), centred, atol=1e-4)
    found = ours.logits(x).softmax(1).numpy()
    np.testing.assert_allclose(found, theirs.predict_proba(standard), atol=1e-4)


def test_the_probe_does_not_see_where_features_are_or_how_large():
    x, y = blobs()
    plain = fit_probe(x, y, 3, tolerance=1e-9).logits(x)
    moved = fit_probe(1000 * x - 40, y, 3, tolerance=1e-9).logits(1000 * x - 40)
    torch.testing.assert_close(plain, moved, rtol=1e-5, atol=1e-5)  # where L-BFGS stops


def test_features_that_never_vary_leave_the_probe_at_chance_and_finite():
    y = torch.arange(12) % 3
    logits = fit_probe(torch.ones(12, 4), y, 3).logits(torch.ones(2, 4))
    torch.testing.assert_close(logits.softmax(1), torch.full((2, 3), 1 / 3).double())


def test_rows_in_several_chunks_are_one_problem(monkeypatch):
    x, y = blobs()
    whole = fit_probe(x, y, 3, tolerance=1e-9)
    monkeypatch.setattr("genzoo.evaluation.logistic._CHUNK", 7)
    torch.testing.assert_close(fit_probe(x, y, 3, tolerance=1e-9).weight, whole.weight, rtol=1e-6, atol=1e-6)


def test_the_vote_is_scikit_learns_where_no_two_classes_have_equal_votes(monkeypatch):
    x, y = blobs(spread=3.0)
    queries, _ = blobs(60, seed=1, spread=4.0)
    monkeypatch.setattr("genzoo.evaluation.probes._CHUNK", 8)  # also across chunks of both
    theirs = KNeighborsClassifier(5).fit(x.numpy(), y.numpy())
    votes = np.sort(theirs.predict_proba(queries.numpy()), 1)
    clear = votes[:, -1] > votes[:, -2]
    assert clear.sum() > 40
    ours = knn_predict(x, y, 3, queries).numpy()
    assert (ours == theirs.predict(queries.numpy()))[clear].all()


def test_equal_votes_go_to_the_nearest_and_rare_classes_lower_the_number_of_voters():
    x = torch.tensor([[0.0], [1.0], [1.1], [5.0], [5.1], [5.2]])
    query = torch.tensor([[0.4]])
    assert knn_predict(x, torch.tensor([0, 1, 1, 0, 0, 1]), 2, query).tolist() == [1]  # three vote
    one_each = torch.tensor([0, 1, 1, 2, 1, 1])
    assert knn_predict(x, one_each, 3, query).tolist() == [0]  # one votes: the nearest
    two_each = torch.tensor([0, 1, 2, 2, 0, 1])
    assert knn_predict(x, two_each, 3, query).tolist() == [0]  # two vote, one each


def test_probe_names_its_numbers_and_says_how_they_were_made():
    results = probe(autoencoder(), bars(), view=View(), labels=(9, None), seeds=3)
    names = [r.name for r in results]
    assert names[:4] == ["probe_accuracy[9]", "knn_accuracy[9]", "probe_accuracy[all]", "knn_accuracy[all]"]
    assert {"probe_accuracy[9:pixels]", "knn_accuracy[all:pca]", "probe_accuracy[9:random]"} < set(names)
    assert {(r.n, r.unit, r.kind, r.quantity in ("probe_accuracy", "knn_accuracy")) for r in results} == {
        (60, "share", "estimate", True)
    }
    some, everything = results[0], results[2]
    assert "bars test, 256 levels, 9 labels in equal parts, 3 subsets" in some.protocol
    assert "all 160 labels, error over test items" in everything.protocol
    share = everything.value
    assert everything.stderr == pytest.approx(math.sqrt(share * (1 - share) / 60))


def test_pixels_that_hold_the_class_are_read_and_all_labels_are_not_worse():
    found = {r.name: r.value for r in probe(autoencoder(), bars(), labels=(30, None), against=("pixels",))}
    assert found["probe_accuracy[30:pixels]"] > 0.9
    assert found["probe_accuracy[all:pixels]"] >= found["probe_accuracy[30:pixels]"]


def test_the_error_is_over_subsets_and_the_same_call_gives_the_same_numbers():
    options = {"labels": (6,), "seeds": 4, "against": ("pixels",), "limit": 40}
    first = probe(autoencoder(), bars(noise=100), **options)
    model = autoencoder()
    again = [probe(model, bars(noise=100), batch=b, **options) for b in (5, 60)]
    assert again[0] == again[1]  # of the same weights, in any batches
    assert first[2:] == again[0][2:]  # pixels do not know the model
    assert first[2].n == 40
    values = [probe(model, bars(noise=100), **(options | {"seeds": s}))[2].value for s in (1, 2, 3, 4)]
    each = [values[0]] + [
        s * values[s - 1] - (s - 1) * values[s - 2] for s in (2, 3, 4)
    ]  # from running means
    assert first[2].stderr == pytest.approx(np.std(each, ddof=1) / 2, abs=1e-9)


def test_without_sizes_those_are_measured_that_the_data_allow():
    assert setting(
        bars(), view=None, labels=None, seeds=1, split="test", limit=None, seed=0
    ).sizes == (10, 100, None)  # fmt: skip


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"split": "train"}, "give val or test"),
        ({"seeds": 0}, "--seeds"),
        ({"limit": 0}, "--limit"),
        ({"labels": (2,)}, "fewer than the 3 classes"),
    ],
)
def test_what_cannot_be_measured_is_refused(options, says):
    with pytest.raises(BadInput, match=says):
        probe(autoencoder(), bars(), **options)

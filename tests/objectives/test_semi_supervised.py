"""Truths of the game in which few labels are told."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from genzoo.data import Dataset, View
from genzoo.data.few import labelled
from genzoo.errors import BadInput
from genzoo.models.variational.m2 import M2, marginal_bound
from genzoo.objectives.semi_supervised import SemiSupervised
from genzoo.random import seeded, sharded
from genzoo.training.loop import fit
from genzoo.training.run import start
from genzoo.training.settings import OptimizerSettings, Settings
from genzoo.types import Batch, Given

CLASSES = 2


def items():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % CLASSES
    vectors = rng.normal(labels[:, None], 1.0, (60, 3)).astype(np.float32)
    splits = {"train": np.arange(50), "val": np.arange(50, 55), "test": np.arange(55, 60)}
    return Dataset("t", "vectors", vectors, splits, labels=labels, classes=("a", "b"))


def model(seed=0):
    with seeded(seed):
        return M2((3,), classes=CLASSES, latent=2, hidden=(6,), likelihood="gaussian", min_scale=0.1)


def batches(objective, size=10, seed=0):
    return objective.batches(items(), view=View(), size=size, seed=seed, requires=())


def quiet(net):
    """The same model with no noise in its bound: p(x|y, z) ignores z."""
    with torch.no_grad():
        net.decoder[1].weight[:, CLASSES:] = 0
    return net


def gradients(total, net):
    found = torch.autograd.grad(total, list(net.parameters()), allow_unused=True, retain_graph=True)
    return [torch.zeros_like(p) if g is None else g for g, p in zip(found, net.parameters(), strict=True)]


def double(batch):
    return batch.map(lambda t: t.double() if t.is_floating_point() else t)


def test_the_mean_over_batches_is_the_paper_objective_over_all_items():
    objective, net = SemiSupervised(labelled=10, alpha=0.3, share=0.2), quiet(model().double())
    stream = batches(objective)
    ours = torch.stack([objective.loss(net, double(stream.at(move))).total for move in range(5)]).mean()
    data, train, known = items(), np.arange(50), labelled(items(), 10, 0)
    joint, log_q = net.bounds_by_class(torch.from_numpy(data.items[train]).double())
    truth = torch.from_numpy(data.labels[train])
    of_label, of_item = joint.gather(1, truth[:, None])[:, 0], marginal_bound(joint, log_q)
    is_known = torch.from_numpy(np.isin(train, known))
    total = -torch.where(is_known, of_label, of_item).sum()  # J of equation 8
    surprise = F.nll_loss(log_q[is_known], truth[is_known])
    expected = (total + 0.3 * 50 * surprise) / 50  # equation 9 with its α = alpha·N, an item
    torch.testing.assert_close(ours, expected, rtol=1e-10, atol=1e-10)


def test_without_a_label_the_loss_is_minus_the_marginal_bound():
    objective, net = SemiSupervised(labelled=10), model().double()
    batches(objective)
    images = torch.randn(8, 3, dtype=torch.float64)
    with seeded(0):
        bare = objective.loss(net, Batch(images)).total
    with seeded(0):
        assert torch.equal(bare, -net.elbo(images).mean())
    with seeded(0):
        untold = objective.loss(net, Batch(images, Given(labels=torch.full((8,), -1))))
    assert untold.terms["cross_entropy"] == 0
    (weight,) = {round(float(a / b), 9) for a, b in zip(
        torch.cat([g.flatten() for g in gradients(untold.total, net)]),
        torch.cat([g.flatten() for g in gradients(bare, net)]), strict=True) if b != 0}  # fmt: skip
    assert weight == pytest.approx((1 - 10 / 50) / (1 - 0.2))  # a share of 20% is what there is


def test_only_labelled_items_teach_the_classification_term_and_only_the_classifier():
    net = model().double()
    batch = double(batches(SemiSupervised(labelled=10, share=0.2)).at(0))
    known = batch.given.labels >= 0
    losses = []
    for alpha in (0.0, 1.0):
        objective = SemiSupervised(labelled=10, alpha=alpha, share=0.2)
        batches(objective)
        with seeded(0):
            losses.append(objective.loss(net, batch))
    log_q = net.class_logits(batch.images[known]).log_softmax(1)
    expected = F.nll_loss(log_q, batch.given.labels[known])
    torch.testing.assert_close(losses[1].total - losses[0].total, expected)
    for name, ours, theirs in zip(
        [n for n, _ in net.named_parameters()],
        gradients(losses[1].total - losses[0].total, net),
        gradients(expected, net),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-10)
        assert name.startswith("classifier") == bool(theirs.abs().max() > 0)


def test_batches_have_the_promised_share_of_the_items_that_a_probe_is_taught_by():
    objective = SemiSupervised(labelled=10, share=0.3)
    stream = batches(objective, size=10, seed=4)
    known = set(labelled(items(), 10, 4))
    for move in range(20):
        batch = stream.at(move)
        told = batch.given.labels >= 0
        assert int(told.sum()) == 3
        assert {int(i) for i in batch.index[told]} <= known
        assert not {int(i) for i in batch.index[~told]} & known
        assert torch.equal(batch.given.labels[told], torch.from_numpy(items().labels)[batch.index[told]])
        assert (batch.given.labels[~told] == -1).all()


def test_all_labels_are_told_by_default():
    batch = batches(SemiSupervised(), size=7).at(0)
    assert (batch.given.labels == torch.from_numpy(items().labels)[batch.index]).all()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"labelled": 1}, "1 labels: fewer than the 2 classes"),
        ({"labelled": 51}, "has 50 training items"),
        ({"alpha": -1.0}, "--alpha"),
        ({"share": 1.0}, "--share must be between 0 and 1"),
        ({"labelled": 10, "share": 0.99}, "--batch 10: has 10 rows for labelled items"),
    ],
)
def test_impossible_numbers_are_refused(arguments, says):
    with pytest.raises(BadInput, match=says):
        batches(SemiSupervised(**arguments))


def test_a_class_that_the_model_has_not_is_refused():
    images = torch.zeros(2, 3)
    with pytest.raises(BadInput, match="--classes 6"):
        SemiSupervised().loss(model(), Batch(images, Given(labels=torch.tensor([5, -1]))))


def run(images=80, accumulate=1):
    objective, net = SemiSupervised(labelled=10), model().double()
    settings = Settings(images=images, horizon=80, batch=8, seed=0, accumulate=accumulate, ema=0.9)
    stream = batches(objective, size=8)
    return start(net, objective, stream, settings, OptimizerSettings(lr=1e-2))


def weights(found):
    return torch.cat([p.detach().flatten() for p in found.model.parameters()])


def test_a_resumed_run_is_bitwise_the_run_that_never_stopped():
    whole, first, second = run(), run(images=40), run()
    fit(whole)
    fit(first)
    second.load_state_dict(first.state_dict())
    fit(second)
    assert torch.equal(weights(second), weights(whole))


def test_parts_of_a_batch_have_the_gradient_of_the_whole():
    whole, parts = run(), run(accumulate=2)
    fit(whole)
    fit(parts)
    torch.testing.assert_close(weights(parts), weights(whole), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("world", [2, 4])
def test_processes_share_a_batch(world):
    objective, net = SemiSupervised(labelled=10, share=0.25), model().double()
    stream = batches(objective, size=8)
    with seeded(0):
        whole = gradients(objective.loss(net, double(stream.at(3))).total, net)
    shared = []
    for rank in range(world):
        with seeded(0), sharded(rank, world):
            shared.append(gradients(objective.loss(net, double(stream.at(3, rank, world))).total, net))
    for parts, expected in zip(zip(*shared, strict=True), whole, strict=True):
        torch.testing.assert_close(torch.stack(parts).mean(0), expected, rtol=1e-9, atol=1e-10)


def test_it_learns_from_few_labels_what_they_alone_do_not_say():
    """Two clouds with one label each: the classes are told apart as the clouds lie."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 400)
    x = rng.normal(0, 1, (400, 2)) * [3, 0.3] + np.outer(2 * labels - 1, [0, 1.5])
    splits = {name: np.arange(400) for name in ("train", "val", "test")}
    data = Dataset("clouds", "vectors", x.astype(np.float32), splits, labels=labels, classes=("a", "b"))
    with seeded(0):
        net = M2((2,), classes=2, latent=1, hidden=(32,), likelihood="gaussian", min_scale=0.1)
    objective = SemiSupervised(labelled=4, share=0.1)
    stream = objective.batches(data, view=View(), size=40, seed=0, requires=())
    fit(start(net, objective, stream, Settings(images=40 * 200, batch=40), OptimizerSettings(lr=1e-2)))
    told = net.class_logits(torch.from_numpy(data.items)).argmax(1).numpy()
    assert (told == labels).mean() > 0.97

"""The semi-supervised GAN: K classes of data and one for what is made; few labels are told."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import genzoo
from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.models import capabilities
from genzoo.models.adversarial.base import Fakes
from genzoo.models.adversarial.classifying import ClassifyingGAN
from genzoo.objectives.taught import TaughtAdversarial
from genzoo.types import Given


def model(**options):
    torch.manual_seed(0)
    return ClassifyingGAN(
        **({"shape": (5,), "latent": 3, "classes": 4, "net": "mlp", "hidden": (8,)} | options)
    )


def test_the_score_is_the_logit_of_data_against_one_more_class_of_logit_zero():
    net, x = model().double(), torch.randn(6, 5).double()
    logits = torch.cat([net.class_logits(x), torch.zeros(6, 1).double()], 1)
    made = logits.softmax(1)[:, 4]
    torch.testing.assert_close(net.score(x).sigmoid(), 1 - made, rtol=0, atol=1e-12)
    assert net.critic.verdict is None
    assert "classify" in capabilities(net)


def test_what_is_read_is_the_cross_entropy_of_told_items_alone():
    net, x = model().double(), torch.randn(6, 5).double()
    labels = torch.tensor([2, -1, 0, -1, -1, 3])
    found = net.reading(net.judge(x), None, Given(labels=labels)).mean()
    told = labels >= 0
    expected = F.cross_entropy(net.class_logits(x)[told], labels[told])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    none = net.reading(net.judge(x), None, Given(labels=torch.full((6,), -1)))
    assert torch.equal(none, torch.zeros(6).double())
    assert net.reading(net.judge(x), Fakes(x, net.draw_latents(6), None), Given(labels=labels)) is None


def bars(n=400):
    """Two kinds of vectors, far apart, with labels."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, n)
    items = (rng.normal(size=(n, 5)) * 0.3 + 2 * (2 * labels[:, None] - 1)).astype(np.float32)
    splits = {"train": np.arange(n - 120), "val": np.arange(n - 120, n - 60), "test": np.arange(n - 60, n)}
    return Dataset("two", "vectors", items, splits, labels=labels, classes=("a", "b"), fingerprint="two")


def test_batches_have_the_labels_that_are_told_and_their_share():
    game = TaughtAdversarial(labelled=10, share=0.25)
    batches = game.batches(bars(), view=View(), size=16, seed=0, requires=())
    told = set()
    for n in range(40):
        batch = batches.at(n)
        known = batch.given.labels >= 0
        assert int(known.sum()) >= 4
        told |= set(batch.index[known].tolist())
    assert len(told) == 10


def test_four_labels_and_the_others_without_tell_two_kinds_apart(tmp_path):
    data = bars()
    run = genzoo.train(
        "semi-supervised-gan", data, out=tmp_path / "run", classes=2, net="mlp", hidden=(16,), latent=2,
        labelled=4, images=3_200, batch=32, lr=5e-3, quiet=True,
    )  # fmt: skip
    test = data.split("test")
    told = run.model.class_logits(torch.from_numpy(data.items[test])).argmax(1).numpy()
    assert (told == data.labels[test]).mean() > 0.95


def test_impossible_arguments_are_refused():
    with pytest.raises(BadInput, match="classes must be at least 2"):
        model(classes=1)
    with pytest.raises(BadInput, match="--share must be between 0 and 1"):
        TaughtAdversarial(share=1.0)

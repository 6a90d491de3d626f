import numpy as np
import pytest
import torch
from labelled_bars import autoencoder, bars, conditional
from torch import nn

from genzoo.data.few import labelled
from genzoo.errors import BadInput
from genzoo.evaluation.augmentation import (
    draw_class,
    synthetic,
    trainings,
    what_it_adds,
    with_synthetic,
)
from genzoo.models import Model
from genzoo.random import uniform


class Painter(Model):
    """Draws what `bars` holds: a conditional model without a fault."""

    requires = frozenset({"labels"})

    def __init__(self, shape, *, classes=3):
        super().__init__(shape)
        self.zero = nn.Parameter(torch.zeros(()))

    def sample(self, n, given=None, *, temperature=1.0):
        self.check_given(given)
        images = uniform((n, *self.shape), self.like) * 40 / 255
        images[torch.arange(n), 0, given.labels] += 0.5
        return images


def drawn(*words, **options):
    return torch.cat(list(draw_class(*words, **options)))


def test_images_of_a_class_are_a_function_of_seed_and_class():
    model = conditional()
    one, same = drawn(model, 1, 5, seed=3), drawn(model, 1, 5, seed=3)
    assert torch.equal(one, same)
    assert one.shape == (5, 1, 6, 6)
    assert not torch.equal(one, drawn(model, 1, 5, seed=4))
    assert not torch.equal(one, drawn(model, 2, 5, seed=3))


def test_means_are_smooth_where_draws_are_binary():
    model = conditional()
    assert set(drawn(model, 0, 4).unique().tolist()) == {0.0, 1.0}
    means = drawn(model, 0, 4, mean=True)
    assert ((means > 0) & (means < 1)).all()


def test_a_synthetic_set_has_as_many_of_each_class(monkeypatch):
    monkeypatch.setattr("genzoo.evaluation.augmentation._CHUNK", 3)
    told = []
    images, labels = synthetic(Painter((1, 6, 6)), 7, tick=told.append)
    assert images.dtype == np.uint8
    assert images.shape == (21, 1, 6, 6)
    assert np.bincount(labels).tolist() == [7, 7, 7]
    assert (images[np.arange(21), 0, labels].min(1) >= 127).all()
    assert sum(told) == 21


@pytest.mark.parametrize(("real", "made"), [(4, 30), (40, 6), (0, 9)])
def test_half_of_what_is_seen_is_synthetic_however_many_there_are(real, made):
    data = bars()
    images, labels = synthetic(Painter((1, 6, 6)), made // 3)
    at = labelled(data, real, 0) if real else np.empty(0, np.int64)
    joined = with_synthetic(data, images, labels, at)
    both = joined.split("both")
    is_new = both >= len(data)
    assert is_new.mean() == (0.5 if real else 1.0)
    assert set(both[~is_new]) == set(at)
    assert len(set(both[is_new])) == made
    assert (joined.labels[len(data) :] == labels).all()
    assert (joined.split("test") == data.split("test")).all()


def test_faultless_synthetic_images_help_where_real_ones_are_few():
    told = []
    gains = what_it_adds(
        Painter((1, 6, 6)), bars(noise=40), sizes=(3,), seeds=2, count=40, updates=30, tick=told.append
    )
    alone, few = gains
    assert (alone.labels, alone.real, alone.gain) == (0, None, None)
    assert alone.both > 0.6  # a third is chance
    assert few.both > few.real
    assert few.gain == pytest.approx(few.both - few.real)
    assert sum(told) == 30 * trainings((3,), 2)


@pytest.mark.parametrize(
    ("model", "options", "says"),
    [
        (autoencoder(), {}, "augment takes a conditional model"),
        (conditional(classes=2), {}, "draws 2 classes, bars has 3"),
        (Painter((1, 6, 6)), {"seeds": 0}, "--seeds"),
        (Painter((1, 6, 6)), {"split": "train"}, "give val or test"),
        (Painter((1, 6, 6)), {"count": 0}, "--count"),
        (Painter((1, 6, 6)), {"mean": True}, "--mean: Painter has no latents"),
    ],
)
def test_what_cannot_be_measured_is_refused(model, options, says):
    with pytest.raises(BadInput, match=says):
        what_it_adds(model, bars(), **{"sizes": (3,)} | options)

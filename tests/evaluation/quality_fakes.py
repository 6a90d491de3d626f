"""A data set, a net and models that are small enough to measure samples of in a moment."""

import numpy as np
import torch
from torch import nn

from genzoo.data.dataset import Dataset
from genzoo.evaluation.features import Extractor
from genzoo.models import Model
from genzoo.random import uniform

SHAPE = (1, 4, 4)


def dataset(n=120, shape=SHAPE, seed=0):
    """Random grey images: 60 for training, 12 for validation, the others for tests."""
    items = np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)
    at = np.arange(n)
    splits = {"train": at[:60], "val": at[60:72], "test": at[72:]}
    return Dataset("toy", "images", items, splits)


def extractor(width=6, classes=3):
    """A linear net whose weights are always the same."""
    generator = torch.Generator().manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, width))
    head = nn.Linear(width, classes) if classes else None
    for layer in (net, head):
        for parameter in layer.parameters() if layer is not None else ():
            parameter.data = torch.randn(parameter.shape, generator=generator)
    return Extractor("tiny", net, head)


class Fake(Model):
    def __init__(self, shape=SHAPE):
        super().__init__(shape)
        self.zero = nn.Parameter(torch.zeros(()))


class UniformNoise(Fake):
    """Distributed as the data set is."""

    def sample(self, n, given=None, *, temperature=1.0):
        assert not self.training
        return uniform((n, *self.shape), self.like)


class OutOfRange(Fake):
    """Leaves [0, 1]."""

    def sample(self, n, given=None, *, temperature=1.0):
        return uniform((n, *self.shape), self.like) * 3 - 1


class OfClasses(Fake):
    """As bright as its label says."""

    requires = frozenset({"labels"})

    def __init__(self, shape=SHAPE, *, classes=2):
        super().__init__(shape)

    def sample(self, n, given=None, *, temperature=1.0):
        self.check_given(given)
        return given.labels.float().view(-1, 1, 1, 1).expand(n, *self.shape)


class Breaks(Fake):
    """The second sample of every batch is not a number."""

    def sample(self, n, given=None, *, temperature=1.0):
        images = torch.zeros(n, *self.shape)
        images[1] = torch.nan
        return images

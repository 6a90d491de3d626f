"""Models to save as runs, and the data that they are of."""

import math

import numpy as np
import torch
from torch import nn

from genzoo.data.view import View
from genzoo.models import Model, save_model
from genzoo.random import uniform


class RunFake(Model):
    def __init__(self, shape, *, levels=None):
        super().__init__(shape)
        self.levels = levels
        self.zero = nn.Parameter(torch.zeros(()))


class UniformRun(RunFake):
    """Uniform over images of `levels` levels: samples, scores, completes."""

    def sample(self, n, given=None, *, temperature=1.0):
        self.check_given(given)
        return (uniform((n, *self.shape), self.like) * self.levels).floor() / (self.levels - 1)

    def log_prob(self, images, given=None):
        return torch.full((len(images),), -math.prod(self.shape) * math.log(self.levels))

    def complete(self, images, known, given=None, *, temperature=1.0):
        return torch.where(known, images, self.sample(len(images)))


class CodeRun(RunFake):
    """Codes are the pixels."""

    def encode(self, images, given=None):
        return images.flatten(1)

    def decode(self, latents, given=None):
        return latents.view(-1, *self.shape)


class BrokenRun(RunFake):
    def log_prob(self, images, given=None):
        return torch.full((len(images),), math.nan)


class ClassRun(UniformRun):
    requires = frozenset({"labels"})

    def __init__(self, shape, *, levels=256, classes=2):
        super().__init__(shape, levels=levels)

    def sample(self, n, given=None, *, temperature=1.0):
        self.check_given(given)
        return given.labels.float().view(-1, 1, 1, 1).expand(n, *self.shape)


def save_run(folder, model, *, view=None, data=None, classes=()):
    """A run folder with what `train` leaves in it that other commands read."""
    view = view or View()
    about = {"view": view.to_json(), "data": str(data) if data else None, "classes": list(classes)}
    save_model(model, folder, about=about | {"name": "toy", "step": 3, "images_seen": 192})
    return folder


def save_images(path, n=40, size=(4, 4)):
    """Random grey images with two classes, as an array file."""
    images = np.random.default_rng(0).integers(0, 256, (n, *size), dtype=np.uint8)
    np.savez(path, images=images, labels=np.arange(n) % 2)
    return path

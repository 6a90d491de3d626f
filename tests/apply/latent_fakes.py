"""Models whose answers are known in advance."""

import torch
from torch import nn

from genzoo.densities import Gaussian
from genzoo.models import Model
from genzoo.random import normal, uniform


class Flat(Model):
    """Codes are the pixels: encode flattens, decode unflattens, so a round trip is exact."""

    def __init__(self, shape=(1, 2, 1)):
        super().__init__(shape)
        self.zero = nn.Parameter(torch.zeros(()))
        self.drop = nn.Dropout(0.9)
        self.calls = []

    def encode(self, images, given=None):
        self.check(images, given)
        assert not self.training
        assert not torch.is_grad_enabled()
        self.calls.append(len(images))
        return images.flatten(1) + self.zero

    def decode(self, latents, given=None):
        return self.drop(latents + self.zero).view(-1, *self.shape)


class FlatGaussian(Flat):
    """The same with a standard normal prior."""

    def prior(self, given=None):
        return Gaussian.standard((self.shape[0] * self.shape[1] * self.shape[2],), self.like)

    def posterior(self, images, given=None):
        raise AssertionError("not asked for")

    def likelihood(self, latents, given=None):
        raise AssertionError("not asked for")

    def sample(self, n, given=None, *, temperature=1.0):
        return self.decode(self.prior().expand(n).sample(temperature)).round()


class Noise(Model):
    """Samples and completes with uniform noise; scales with the temperature."""

    def __init__(self, shape=(1, 4, 4)):
        super().__init__(shape)
        self.zero = nn.Parameter(torch.zeros(()))

    def sample(self, n, given=None, *, temperature=1.0):
        self.check_given(given)
        return uniform((n, *self.shape), self.like) * temperature

    def complete(self, images, known, given=None, *, temperature=1.0):
        return torch.where(known, images, uniform(images.shape, images) * temperature)


class Generator(Model):
    """x = z, z ~ N(0, I): a prior to draw from, no density."""

    def __init__(self, shape=(1, 2, 2)):
        super().__init__(shape)
        self.zero = nn.Parameter(torch.zeros(()))

    def draw_latents(self, n):
        return normal((n, 4), self.like)

    def decode(self, latents, given=None):
        return latents.view(-1, *self.shape)

    def sample(self, n, given=None, *, temperature=1.0):
        return self.decode(self.draw_latents(n))


class ByClass(Noise):
    """Draws images whose every pixel is class / 10."""

    requires = frozenset({"labels"})

    def __init__(self, shape=(1, 2, 2), *, classes=3):
        super().__init__(shape)

    def sample(self, n, given=None, *, temperature=1.0):
        self.check_given(given)
        return (given.labels / 10).view(-1, 1, 1, 1).expand(n, *self.shape)

"""A linear-Gaussian VAE with known density and points that it made, in float64."""

import numpy as np
import torch

from genzoo.data.dataset import Dataset
from genzoo.models.variational.linear import LinearVAE
from genzoo.random import seeded
from genzoo.types import Batch

D, K, N = 6, 2, 24


def linear_vae(seed=0):
    """q lies half a standard deviation beside p(z|x) and is wider: a gap, and weights that vary little."""
    with seeded(seed), torch.no_grad():
        model = LinearVAE((D,), latent=K).double()
        model.decoder.weight.copy_(0.6 * torch.randn_like(model.decoder.weight))
        model.decoder.bias.copy_(torch.randn_like(model.decoder.bias))
        model.log_noise.fill_(-1.0)
        weight = model.decoder.weight
        precision = weight.T @ weight * (-2 * model.log_noise).exp() + torch.eye(K, dtype=weight.dtype)
        gain = torch.linalg.solve(precision, weight.T) * (-2 * model.log_noise).exp()
        model.encoder.weight.copy_(gain)
        spread = precision.diagonal().rsqrt()
        model.encoder.bias.copy_(0.5 * spread - gain @ model.decoder.bias)
        model.log_scale.copy_((1.3 * spread).log())
    return model.eval()


def points(model, n=N):
    """Draws of the model, numbered."""
    with seeded("points"):
        return Batch(model.sample(n), index=torch.arange(n))


def point_set(model, n=N):
    """A data set of draws of the model; the last half is its test split."""
    items = points(model, n).images.float().numpy()
    halves = {"train": np.arange(n // 2), "test": np.arange(n // 2, n)}
    return Dataset("points", "vectors", items, halves)

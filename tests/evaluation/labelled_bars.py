"""Small labelled images: bars whose place is their class, under noise; and models of them."""

import numpy as np

from genzoo.data.dataset import Dataset
from genzoo.models.adversarial.gan import GAN
from genzoo.models.autoencoding.autoencoder import Autoencoder
from genzoo.models.variational.vae import VAE


def bars(n=240, classes=3, size=6, noise=40, name="bars"):
    """Class k has a bright row k, anywhere in strength; the last 60 items are the test split."""
    rng = np.random.default_rng(0)
    labels = np.arange(n) % classes
    items = rng.integers(0, noise + 1, (n, 1, size, size))
    items[np.arange(n), 0, labels] += rng.integers(60, 200, (n, 1))
    at = rng.permutation(n)
    splits = {"train": np.sort(at[80:]), "val": np.sort(at[60:80]), "test": np.sort(at[:60])}
    names = tuple(f"row {k}" for k in range(classes))
    return Dataset(name, "images", items.astype(np.uint8), splits, labels=labels, classes=names)


def autoencoder(size=6, **arguments):
    return Autoencoder((1, size, size), **({"code": 4, "hidden": (16, 8)} | arguments))


def conditional(size=6, classes=3, **arguments):
    return VAE((1, size, size), **({"latent": 2, "hidden": (8,), "classes": classes} | arguments))


def critic(size=12):
    return GAN((1, size, size), latent=2, net="dcgan", width=2)

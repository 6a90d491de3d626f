"""Small nets and images of theirs to compress, and files that were tampered with by someone who can count."""

import hashlib

import torch

from genzoo.apply.codec import Listing
from genzoo.apply.codec.container import HEADER_BYTES
from genzoo.configurable import build
from genzoo.images import quantise
from genzoo.models import catalogue
from genzoo.models.autoregressive.base import Autoregressive
from genzoo.models.autoregressive.pixelcnn import PixelCNN
from genzoo.random import seeded

NETS = {
    f"{entry.name}-{variant}": (entry, variant)
    for entry in catalogue().values()
    if issubclass(entry.cls, Autoregressive)
    for variant in entry.tiny
}


def net(name):
    """A registered net with weights that are not its first ones."""
    entry, variant = NETS[name]
    with seeded(0, name):
        arguments = {k: list(v) if isinstance(v, tuple) else v for k, v in entry.tiny[variant].items()}
        return stirred(build({"class": entry.cls.__name__, **arguments}))


def stirred(model, by=0.05):
    with torch.no_grad():
        for p in model.parameters():
            p.add_(by * torch.randn_like(p))
    return model.eval()


def small(**arguments):
    """A PixelCNN of grey images 5×4 with four levels."""
    with seeded(1):
        settings = {"levels": 4, "width": 4, "blocks": 1, "head": 8, "kernel": 3} | arguments
        return stirred(PixelCNN(settings.pop("shape", (1, 5, 4)), **settings))


def some_images(model, n):
    return quantise(torch.rand(n, *model.shape), model.levels)


def labelled(model, n):
    """The labels that a class-conditional model needs; nothing for another."""
    return Listing(labels=tuple(i % 3 for i in range(n)) if "labels" in model.requires else ())


def sealed_again(data):
    """The bytes of a container with the right checksum."""
    digest = hashlib.blake2b(data[HEADER_BYTES:], digest_size=8)
    digest.update(data[: HEADER_BYTES - 8])
    return data[: HEADER_BYTES - 8] + digest.digest() + data[HEADER_BYTES:]

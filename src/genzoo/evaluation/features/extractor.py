"""A feature extractor: a net, its name, and the hash that says which weights it has."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor, nn

from genzoo.types import Images


def weights_digest(net: nn.Module) -> str:
    """8 hexadecimal digits of the SHA-256 of a net's state: names, types, shapes and bytes, in order."""
    digest = hashlib.sha256()
    for name, value in net.state_dict().items():
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:8]


@dataclass(frozen=True)
class Extractor:
    """Images to features, for distances between sets of images. Any net from Python will do.

    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(16, 4))
    >>> Extractor("mine", net)(torch.zeros(3, 1, 4, 4)).shape
    torch.Size([3, 4])

    Args:
        name: what it is called, e.g. `random-conv` or `mnist-cnn`.
        net: images in [0, 1], shape (b, c, h, w), to features, shape (b, d).
        head: features to class logits, shape (b, k), for the inception-style score; None without classes.
    """

    name: str
    net: nn.Module
    head: nn.Module | None = None

    @cached_property
    def label(self) -> str:
        """Name and 8 digits of the weights' hash: numbers under different labels cannot be compared."""
        return f"{self.name}-{weights_digest(nn.ModuleList([self.net, self.head or nn.Identity()]))}"

    @torch.no_grad()
    def __call__(self, images: Images) -> Float[Tensor, "b d"]:
        """Features of a batch, computed where the net is, in evaluation mode."""
        return self.net.eval()(images.to(next(self.net.parameters()).device)).flatten(1)

    @torch.no_grad()
    def logits(self, features: Float[Tensor, "b d"]) -> Float[Tensor, "b k"]:
        """Class logits of features; ValueError without classes."""
        if self.head is None:
            raise ValueError(f"{self.name} knows no classes")
        return self.head.eval()(features)

"""The vocabulary of every floor: images, latents, nats, what a batch is, what a loss is."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace

from jaxtyping import Bool, Float, Int
from torch import Tensor

Items = Float[Tensor, "b *shape"]  # one item of data each: an image, a vector (d), a series (t d)
Images = Float[Tensor, "b c h w"]  # pixel values in [0, 1]
Picture = Float[Tensor, "1 c height width"]  # one picture to look at, such as a grid
Known = Bool[Tensor, "b 1 h w"]  # True where a pixel is given, per pixel
Latents = Float[Tensor, "b *latent"]
Labels = Int[Tensor, " b"]
Nats = Float[Tensor, " b"]  # one log-probability per item, up is better
Scores = Float[Tensor, " b"]  # a critic's verdict, one per item, before any squashing
Scalar = Float[Tensor, ""]


@dataclass(frozen=True)
class Given:
    """What a distribution is conditioned on, aligned with the batch; None where nothing is given.

    Args:
        labels: class numbers, shape (b).
        images: images in [0, 1], shape (b, c, h, w): a grey original, a small version, a sketch.
        vector: any real vector, shape (b, d).
    """

    labels: Labels | None = None
    images: Images | None = None
    vector: Float[Tensor, "b d"] | None = None

    def names(self) -> frozenset[str]:
        """The fields that are given."""
        return frozenset(f.name for f in fields(self) if getattr(self, f.name) is not None)

    def map(self, f: Callable[[Tensor], Tensor]) -> "Given":
        """The same conditions with `f` applied to each tensor."""
        return Given(**{name: f(getattr(self, name)) for name in self.names()})


@dataclass(frozen=True)
class Batch:
    """What a data view yields: one move's worth of items.

    Args:
        images: the items, float, shape (b, *shape); images are in [0, 1], shape (b, c, h, w).
        given: the conditions that the model's density takes.
        target: the other domain of a translation pair, shape (b, c, h, w).
        known: the pixels that may be looked at, bool, shape (b, 1, h, w).
        index: the position of each item in its data set, int, shape (b).
    """

    images: Items
    given: Given | None = None
    target: Images | None = None
    known: Known | None = None
    index: Int[Tensor, " b"] | None = None

    def __len__(self) -> int:
        return len(self.images)

    def map(self, f: Callable[[Tensor], Tensor]) -> "Batch":
        """The same batch with `f` applied to each tensor: a move to a device, a slice."""
        changed = {
            name: f(getattr(self, name))
            for name in ("images", "target", "known", "index")
            if getattr(self, name) is not None
        }
        return replace(self, given=self.given.map(f) if self.given else None, **changed)


@dataclass(frozen=True)
class Loss:
    """A scalar to descend and the named terms that it is made of (the terms are for the log only)."""

    total: Scalar
    terms: dict[str, Scalar] = field(default_factory=dict)

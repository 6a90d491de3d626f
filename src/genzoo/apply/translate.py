"""Images of one kind made into images of another, at the size a model was trained at and at any other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from genzoo.apply.placement import Tick, nothing
from genzoo.apply.sample import sample_at
from genzoo.apply.tiles import Tiling
from genzoo.data.view import Fit
from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.models.base import Pictured, Translates, capabilities, evaluating
from genzoo.types import Given, Images

Pictures = Float[Tensor, "b _ _ _"]
OfAnySize = Float[Tensor, "1 _ _ _"]


@dataclass(frozen=True)
class Direction:
    """From which kind of picture to which other a model translates, and how.

    Args:
        model: that translates.
        to: the kind that is made: "A" or "B".
        temperature: of a model that draws: 0 for no noise at all, where the model knows what that means.
        seed: of what is drawn.
    """

    model: Model
    to: str = "B"
    temperature: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.to not in ("A", "B"):
            raise BadInput(f"--to must be A or B, got {self.to!r}")
        if self.temperature < 0:
            raise BadInput(f"--temperature must not be negative, got {self.temperature}")
        name = type(self.model).__name__
        if "translate" not in capabilities(self.model):
            raise BadInput(f"{name} does not translate pictures into others of their size")
        if self.to == "A" and not isinstance(self.model, Translates):
            raise BadInput(
                f"--to A: this {name} makes B from A, not A from B; train one on swapped:DATA for that"
            )

    @property
    def takes(self) -> tuple[int, int, int]:
        """Shape (c, h, w) of what it takes."""
        if isinstance(self.model, Translates):
            c, h, w = self.model.domains["A" if self.to == "B" else "B"]
        else:
            assert isinstance(self.model, Pictured)
            c, h, w = self.model.condition_shape
        return c, h, w

    @property
    def makes(self) -> tuple[int, int, int]:
        """Shape (c, h, w) of what it makes."""
        shape = self.model.domains[self.to] if isinstance(self.model, Translates) else self.model.shape
        c, h, w = shape
        return c, h, w

    @property
    def has_noise(self) -> bool:
        """Whether translations are drawn: of one picture there are many."""
        return not isinstance(self.model, Translates) and getattr(self.model, "latent", None) != 0

    def __call__(self, images: Pictures, numbers: Int[Tensor, " b"]) -> Pictures:
        """The images, shape (b, *takes), as ones of the other kind.

        Args:
            numbers: of each image: the noise of an image that is drawn belongs to its number and the seed.
        """
        if isinstance(self.model, Translates):
            with evaluating(self.model):
                return self.model.translate(self.model.placed(images), self.to).cpu()
        given = Given(images=images)
        drawn = sample_at(self.model, numbers, given, seed=self.seed, temperature=self.temperature)
        return drawn.cpu()


def translate(
    model: Model,
    images: Images,
    *,
    to: str = "B",
    seed: int = 0,
    temperature: float = 1.0,
    batch: int = 16,
    tick: Tick = nothing,
) -> Float[Tensor, "b _ _ _"]:
    """Images as ones of kind `to`; a pure function of model, image, its position and `seed`.

    Args:
        images: in [0, 1], of the shape that the model takes.
        to: "B", what the model was trained to make, or of one that does both, "A".
        temperature: 0 for no noise, where translations are drawn and the model knows what that means.
        batch: how many at once.
        tick: told how many more images are done.

    Raises:
        BadInput: for a model that does not translate, or images of another shape.
    """
    direction = Direction(model, to, temperature, seed)
    if tuple(images.shape[1:]) != direction.takes:
        raise BadInput(f"expected images of shape {direction.takes}, got {tuple(images.shape[1:])}")
    if not len(images):
        return images.new_zeros(0, *direction.makes)
    parts = []
    for some, numbers in zip(images.split(batch), torch.arange(len(images)).split(batch), strict=True):
        parts.append(direction(some, numbers))
        tick(len(some))
    return torch.cat(parts)


def translate_pictures(
    direction: Direction,
    pictures: Sequence[OfAnySize],
    numbers: Sequence[int],
    batch: int = 16,
    seen: Callable[[Pictures], Pictures] = lambda tiles: tiles,
) -> list[OfAnySize]:
    """Pictures of any sizes, each shape (1, c, h, w), as ones of the other kind and of the same sizes.

    A picture that is larger than the model's images is translated in tiles of their size.

    Args:
        numbers: of each picture, which its noise belongs to.
        batch: tiles at once.
        seen: what the model is given of tiles, such as their outlines.
    """
    size = direction.takes[1:]
    tilings = [Tiling((int(p.shape[2]), int(p.shape[3])), (size[0], size[1])) for p in pictures]
    cut = [tiling.cut(picture) for tiling, picture in zip(tilings, pictures, strict=True)]
    marks = torch.cat([n + (torch.arange(len(c)) << 32) for n, c in zip(numbers, cut, strict=True)])
    tiles = torch.cat(cut)
    made = [direction(seen(x), n) for x, n in zip(tiles.split(batch), marks.split(batch), strict=True)]
    parts = torch.cat(made).split([len(c) for c in cut])
    return [tiling.joined(part) for tiling, part in zip(tilings, parts, strict=True)]


def at_trained_scale(picture: OfAnySize, size: tuple[int, int], fit: Fit = "crop") -> OfAnySize:
    """The picture resized as images to train on are, before their middle is cut out or they are padded.

    Here nothing is cut off, and nothing added.

    Args:
        size: (height, width) of the images to train on.
        fit: how they were fitted: by `pad` the picture just fits into `size`, else it just covers it.
    """
    h, w = picture.shape[2:]
    if fit == "pad":
        factor = min(size[0] / h, size[1] / w)
        wanted = (min(size[0], max(1, round(h * factor))), min(size[1], max(1, round(w * factor))))
    else:
        factor = max(size[0] / h, size[1] / w)
        wanted = (max(size[0], round(h * factor)), max(size[1], round(w * factor)))
    if wanted == (h, w):
        return picture
    return F.interpolate(picture, wanted, mode="bicubic", antialias=True).clamp(0, 1)

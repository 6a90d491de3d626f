"""What a codec without loss asks of images, whichever model codes them."""

import torch
from jaxtyping import Int
from torch import Tensor

from genzoo.apply.codec.contract import Pictures, check_listing
from genzoo.apply.codec.listing import Listing
from genzoo.densities.categorical import on_grid
from genzoo.errors import BadInput
from genzoo.images import to_levels
from genzoo.models import Model
from genzoo.types import Given, Images


def check_exact(model: Model, images: Pictures, listing: Listing, lanes: int) -> None:
    """BadInput unless the images, their names and their labels can be in one file of this model's."""
    check_listing(images, listing)
    if not 1 <= lanes < 2**16:
        raise BadInput(f"--batch must be from 1 to 65535, got {lanes}")
    if max(model.shape) >= 2**16 or len(images) >= 2**32:
        raise BadInput(f"{len(images)} images of shape {model.shape} are more than a file can hold")
    if "labels" in model.requires and not listing.labels:
        raise BadInput(f"{type(model).__name__} is conditional on labels and these images have none")
    classes = model.spec.get("classes")
    if "labels" in model.requires and isinstance(classes, int):
        for label in (min(listing.labels), max(listing.labels)):
            if not 0 <= label < classes:
                raise BadInput(f"label {label}: {type(model).__name__} knows the classes 0 to {classes - 1}")


def given_of(model: Model, listing: Listing, start: int, n: int) -> Given | None:
    """The conditions of `n` images from `start` on, padded with class 0."""
    if "labels" not in model.requires:
        return None
    labels = listing.labels[start : start + n]
    return Given(labels=torch.tensor([*labels, *[0] * (n - len(labels))]))


def level_numbers(model: Model, levels: int, images: Images) -> Int[Tensor, "b c h w"]:
    """Which level each pixel has; BadInput for images of another shape, or between the levels."""
    if tuple(images.shape[1:]) != model.shape:
        raise BadInput(f"expected images of shape {model.shape}, got {tuple(images.shape[1:])}")
    try:
        on_grid(images, levels)
    except ValueError as error:
        raise BadInput(f"{type(model).__name__} can not store these images: {error}") from error
    return to_levels(images, levels)

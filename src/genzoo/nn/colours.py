"""Images of any number of channels as nets expect them: red, green, blue, and perhaps alpha."""

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.types import Images


def as_rgb(images: Images) -> Float[Tensor, "b 3 h w"]:
    """Grey repeated, colour as it is, RGBA composited on white: α·x + (1 − α).

    >>> as_rgb(torch.tensor([0.2, 0.4, 0.6, 0.5]).view(1, 4, 1, 1)).flatten()
    tensor([0.6000, 0.7000, 0.8000])
    """
    channels = images.shape[1]
    if channels == 1:
        return images.expand(-1, 3, -1, -1)
    if channels == 3:
        return images
    if channels == 4:
        alpha = images[:, 3:]
        return images[:, :3] * alpha + (1 - alpha)
    raise ValueError(f"expected images with 1, 3 or 4 channels, got {channels}")


def as_rgb_and_alpha(images: Images) -> Float[Tensor, "b 4 h w"]:
    """`as_rgb` with alpha beside it, which is 1 for images without transparency.

    The colour of a transparent pixel means nothing, so it is composited away and alpha kept apart.
    """
    rgb = as_rgb(images)
    alpha = images[:, 3:] if images.shape[1] == 4 else torch.ones_like(images[:, :1])
    return torch.cat([rgb, alpha], 1)

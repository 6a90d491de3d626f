"""Differentiable augmentation: random changes that data and samples go through before a critic sees them."""

from collections.abc import Callable, Sequence
from math import radians

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from genzoo.errors import BadInput, nearest
from genzoo.random import uniform

Pictures = Float[Tensor, "b c h w"]  # in [−1, 1]
Noise = Float[Tensor, "b 3"]  # uniform in [0, 1)
Chosen = Bool[Tensor, " b"]


def augment(images: Pictures, policy: Sequence[str], probability: float = 1.0) -> Pictures:
    """The images, each changed by each part of the policy, in this order, with a probability of its own.

    - "colour": brightness + U(−½, ½), then saturation · U(0, 2), then contrast · U(½, 1½) about the image's
      mean; of RGBA the first three channels. Values may leave [−1, 1].
    - "translation": by whole pixels, up to an eighth of each side; 0, a middle grey, comes in.
    - "cutout": a rectangle of half of each side becomes 0; its middle is anywhere in the image.
    - "flip": mirrored, left to right, in one half of the cases.
    - "rotate": by 0 to 3 quarter turns, or by 0 or 2 where an image is not square.

    An image that is not chosen stays the same bit for bit. The gradient flows through the images.

    Reference: Zhao et al., Differentiable Augmentation for Data-Efficient GAN Training, 2020,
    arXiv:2006.10738, and the authors' code (the first three); Karras et al., Training Generative Adversarial
    Networks with Limited Data, 2020, arXiv:2006.06676, appendix B (the others, and the probability).

    >>> augment(torch.ones(1, 1, 2, 2), ["cutout"]).flatten().sort().values.tolist()
    [0.0, 1.0, 1.0, 1.0]

    Args:
        images: in [−1, 1].
        policy: names of changes.
        probability: of each change of each image.
    """
    for name in policy:
        if name not in _CHANGES:
            raise BadInput(f"augmentation {name!r} is unknown{nearest(name, POLICIES)}")
    if not 0 <= probability <= 1:
        raise BadInput(f"the probability of an augmentation must be from 0 to 1, got {probability}")
    for name in policy:
        noise = uniform((len(images), 4), images)
        images = _CHANGES[name](images, noise[:, 1:], noise[:, 0] < probability)
    return images


def jittered(images: Float[Tensor, "b c h w"], reach: float) -> Float[Tensor, "b c h w"]:
    """Each image under a small affine map of its own, drawn at random; what is beyond its border repeats it.

    At a reach of 1: turned by up to 20°, sheared by up to ½, stretched by up to e^±0.3 across and e^±0.2
    down, moved by up to 7.5% of each side; each uniform. The gradient flows through the images.
    """
    n = len(images)
    limits = images.new_tensor([radians(20), 0.5, 0.3, 0.2, 0.15, 0.15])
    turn, shear, across, down, x, y = ((2 * uniform((n, 6), images) - 1) * limits * reach).unbind(1)
    c, s, wide, high = turn.cos(), turn.sin(), across.exp(), down.exp()
    rows = [c * wide, c * shear - s * high, x, s * wide, s * shear + c * high, y]
    maps = torch.stack(rows, 1).view(n, 2, 3)
    where = functional.affine_grid(maps, list(images.shape), align_corners=False)
    return functional.grid_sample(images, where, padding_mode="border", align_corners=False)


def _colour(images: Pictures, noise: Noise, chosen: Chosen) -> Pictures:
    brightness, saturation, contrast = noise[:, :, None, None, None].unbind(1)  # each b 1 1 1
    colours, alpha = images[:, :3], images[:, 3:]
    x = colours + (brightness - 0.5)
    grey = x.mean(1, keepdim=True)
    x = grey + 2 * saturation * (x - grey)
    mean = x.mean((1, 2, 3), keepdim=True)
    x = mean + (contrast + 0.5) * (x - mean)
    return torch.cat([torch.where(_per_image(chosen), x, colours), alpha], 1)


def _translation(images: Pictures, noise: Noise, chosen: Chosen) -> Pictures:
    _, c, h, w = images.shape
    furthest = [int(n / 8 + 0.5) for n in (h, w)]
    down, right = ((_below(2 * n + 1, noise[:, i]) - n) * chosen for i, n in enumerate(furthest))
    rows = torch.arange(h, device=images.device) - down[:, None]  # where each row comes from, b h
    columns = torch.arange(w, device=images.device) - right[:, None]
    source = rows.clamp(0, h - 1)[:, :, None] * w + columns.clamp(0, w - 1)[:, None]  # b h w
    moved = images.flatten(2).gather(2, source.flatten(1)[:, None].expand(-1, c, -1)).view(images.shape)
    inside = ((rows >= 0) & (rows < h))[:, :, None] & ((columns >= 0) & (columns < w))[:, None]
    return moved.masked_fill(~inside[:, None], 0)


def _cutout(images: Pictures, noise: Noise, chosen: Chosen) -> Pictures:
    cut = []
    for i, n in enumerate(images.shape[2:]):
        side = int(n / 2 + 0.5)
        first = _below(n + 1 - side % 2, noise[:, i]) - side // 2
        place = torch.arange(n, device=images.device) - first[:, None]  # b n
        cut.append((place >= 0) & (place < side))
    square = cut[0][:, :, None] & cut[1][:, None]  # b h w
    return images.masked_fill((square & chosen[:, None, None])[:, None], 0)


def _flip(images: Pictures, noise: Noise, chosen: Chosen) -> Pictures:
    return torch.where(_per_image(chosen & (noise[:, 0] < 0.5)), images.flip(3), images)


def _rotate(images: Pictures, noise: Noise, chosen: Chosen) -> Pictures:
    turns = _below(4, noise[:, 0]) * chosen
    images = torch.where(_per_image(turns >= 2), images.rot90(2, (2, 3)), images)
    if images.shape[2] != images.shape[3]:
        return images
    return torch.where(_per_image(turns % 2 == 1), images.rot90(1, (2, 3)), images)


def _per_image(chosen: Chosen) -> Bool[Tensor, "b 1 1 1"]:
    return chosen[:, None, None, None]


def _below(n: int, noise: Float[Tensor, " b"]) -> Tensor:
    """Whole numbers from 0 to n − 1, equally likely; int64, shape (b)."""
    return (noise * n).long().clamp(max=n - 1)  # in low precision the product may round up to n


_CHANGES: dict[str, Callable[[Pictures, Noise, Chosen], Pictures]] = {
    "colour": _colour,
    "translation": _translation,
    "cutout": _cutout,
    "flip": _flip,
    "rotate": _rotate,
}
POLICIES = tuple(_CHANGES)

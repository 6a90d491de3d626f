"""Label maps: pictures in a few flat colours, each of which is a class of its pixels."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from numpy.typing import NDArray
from torch import Tensor

from genzoo.types import Images

MOST = 32  # colours of a label map
MIXED = -1  # the class of a pixel that has none
REACH = 24 / 255  # a pixel has a colour if no channel is farther from it
_NEAR = 12 / 255  # what a flat pixel of a label map is from its colour
_FLAT = 8  # levels that differ, at most, in 2×2 pixels of one colour: compression leaves no fewer
_SHARE = 1e-3  # of the flat pixels that a colour must have
_COVERED, _DRAWN = 0.95, 0.1  # of flat pixels near a colour; of pixels that are flat
_PIXELS = 4_000_000  # are looked at
_BIN = 8  # levels

Colours = tuple[tuple[float, ...], ...]


def palette_of(pictures: UInt8[np.ndarray, "n c h w"]) -> Colours | None:
    """The colours, in [0, 1], of pictures that are label maps, the most frequent first; None of others.

    Only flat pixels are asked: squares of 2×2 whose levels differ by at most 8. What compression or resizing
    blurs mixes two colours and is not flat. The most frequent colour among them (of bins of 8 levels, then
    the median of all within 24 levels in every channel) is the first; those pixels are left out, and so on,
    as long as a colour has a thousandth of them. Nothing in it is random.

    The pictures are label maps if a tenth of their pixels is flat, 2 to 32 colours are found, and 95% of the
    flat pixels are within 12 levels of one. Photographs have flat pixels too, of far more colours.

    >>> stripes = np.repeat(np.array([0, 100, 200], np.uint8), 4)[None, None, :, None].repeat(12, 3)
    >>> [round(255 * colour[0]) for colour in palette_of(stripes)]
    [0, 100, 200]

    Args:
        pictures: of which as many are looked at, spread evenly, as have 4 million pixels.
    """
    if not len(pictures) or min(pictures.shape[2:]) < 2:
        return None
    flat, drawn = _flat(pictures[:: -(-pictures[:, 0].size // _PIXELS)])
    if drawn < _DRAWN:
        return None
    colours: list[NDArray[np.float32]] = []
    left = flat
    while len(left) >= _SHARE * len(flat):
        colour = _frequent(left)
        near = np.abs(left - colour).max(1) <= 255 * REACH
        if near.sum() < _SHARE * len(flat):
            break
        if len(colours) == MOST:
            return None
        colours.append(colour)
        left = left[~near]
    if len(colours) < 2:
        return None
    nearest = np.min([np.abs(flat - colour).max(1) for colour in colours], axis=0)
    if (nearest <= 255 * _NEAR).mean() < _COVERED:
        return None
    return tuple(tuple(float(x) for x in colour / 255) for colour in colours)


def classes_of(pictures: Images, colours: Sequence[Sequence[float]]) -> Int[Tensor, "b h w"]:
    """The number of each pixel's colour; `MIXED` where no colour is within 24 levels in every channel.

    Such a pixel lies between two areas and mixes their colours: what is nearest may be a third one's.
    """
    apart = [
        (pictures - pictures.new_tensor(colour)[:, None, None]).abs().amax(1) for colour in colours
    ]  # k times b h w
    least, number = torch.stack(apart).min(0)
    return number.masked_fill(least > REACH, MIXED)


def confusions(truth: Int[Tensor, "b h w"], told: Int[Tensor, "b h w"], classes: int) -> Int[Tensor, "b k k"]:
    """Of each picture, how many pixels of one class (rows) are told to be of another; mixed ones left out."""
    b, counted = len(truth), truth != MIXED
    image = torch.arange(b, device=truth.device)[:, None, None]
    cell = (image * classes + truth) * classes + told
    return torch.bincount(cell[counted], minlength=b * classes**2).view(b, classes, classes)


def scores(confusion: Float[Tensor, "k k"]) -> Float[Tensor, " 3"]:
    """Share of the pixels that are told right, mean over classes of that share, mean of intersection ÷ union.

    Means are over the classes that the truth has.

    Reference: Long, Shelhamer & Darrell, 2015, "Fully convolutional networks for semantic segmentation",
    arXiv:1411.4038, section 5.
    """
    right, true, told = confusion.diagonal(), confusion.sum(1), confusion.sum(0)
    there = true > 0
    by_class = right[there] / true[there]
    union = (true + told - right)[there]
    return torch.stack([right.sum() / true.sum(), by_class.mean(), (right[there] / union).mean()])


def scored(counts: Int[Tensor, "n k k"]) -> tuple[Float[Tensor, " 3"], Float[Tensor, " 3"] | None]:
    """`scores` of all pictures' pixels together, and their delete-one jackknife errors over the pictures.

    Of one picture there is no error.
    """
    whole, n = counts.sum(0).double(), len(counts)
    if n < 2:
        return scores(whole), None
    without = torch.stack([scores(whole - one) for one in counts])
    return scores(whole), ((n - 1) * without.var(0, correction=0)).sqrt()


def _flat(pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
    """The flat pixels, shape (m, c), and their share."""
    corners = [(slice(i, i - 1 or None), slice(j, j - 1 or None)) for i in (0, 1) for j in (0, 1)]
    found, share = [], []
    for picture in pictures:
        square = np.stack([picture[:, rows, columns] for rows, columns in corners])  # 4 c h w
        flat = (square.max(0) - square.min(0)).max(0) <= _FLAT
        found.append(picture[:, :-1, :-1][:, flat].T.astype(np.float32))
        share.append(flat.mean())
    return np.concatenate(found), float(np.mean(share))


def _frequent(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """The most frequent colour of pixels, shape (m, c), in levels."""
    bins = (pixels // _BIN).astype(np.int64)
    number = bins @ (256 // _BIN) ** np.arange(pixels.shape[1])
    colour = pixels[number == np.bincount(number).argmax()].mean(0)
    return np.median(pixels[np.abs(pixels - colour).max(1) <= 255 * REACH], axis=0)

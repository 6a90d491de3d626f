"""Moving digits: films of a digit that goes straight on and bounces; from one frame nobody knows where to."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8
from numpy import ndarray

from genzoo.data.dataset import Dataset
from genzoo.data.gallery import fingerprint
from genzoo.errors import BadInput
from genzoo.random import seed_of, uniform_at

PREFIX = "moving-"
COUNTS = {"train": 20_000, "val": 1_000, "test": 2_000}
CANVAS = 32  # pixels, the side of a frame
FRAMES = 5  # the first included
SPEED = 3.0  # pixels a frame
DIRECTIONS = 32  # evenly spaced, equally likely
_MOST_SIDE = CANVAS // 2  # of a digit


@dataclass(frozen=True)
class Moves:
    """Which digit each film shows and how it moves.

    Args:
        digit: uniform in [0, 1), the place of the digit among those of its split.
        start: row and column of the digit's upper left corner in the first frame, shape (n, 2).
        direction: a whole number k below `DIRECTIONS`, for the angle 2πk/`DIRECTIONS`.
    """

    digit: Float[ndarray, " n"]
    start: Int[ndarray, "n 2"]
    direction: Int[ndarray, " n"]


def grey_of_films(name: str) -> str | None:
    """What moves in a set of moving digits, by its name; None for any other name.

    >>> grey_of_films("moving-mnist"), grey_of_films("mnist")
    ('mnist', None)
    """
    return name.removeprefix(PREFIX) if name.startswith(PREFIX) else None


def moves(split: str, n: int, side: int) -> Moves:
    """The moves of the first `n` films of a split, all uniform, a pure function of these three.

    Args:
        side: of a digit.
    """
    noise = uniform_at(seed_of("moving", split), np.arange(n), 4).astype(np.float64)
    start = (noise[:, 1:3] * (CANVAS - side + 1)).astype(np.int64)
    return Moves(noise[:, 0], start, (noise[:, 3] * DIRECTIONS).astype(np.int64))


def places(
    start: Int[ndarray, "n 2"], direction: Int[ndarray, " n"], side: int, frames: int = FRAMES
) -> Int[ndarray, "n t 2"]:
    """Where the digit's upper left corner is in each frame: start + speed·t·(sin, cos), reflected at walls.

    Reference: Srivastava, Mansimov & Salakhutdinov, 2015, arXiv:1502.04681, section 4.1 (their speeds vary).
    """
    angle = 2 * np.pi / DIRECTIONS * direction
    velocity = SPEED * np.stack([np.sin(angle), np.cos(angle)], 1)
    free = start[:, None] + np.arange(frames)[None, :, None] * velocity[:, None]
    reach = CANVAS - side
    return np.rint(reach - abs(reach - abs(free) % (2 * reach))).astype(np.int64)


def moving(grey: Dataset, counts: Mapping[str, int] = COUNTS) -> Dataset:
    """Films of `FRAMES` frames, one below the other, of one image of the grey set each; its label.

    A pure function of the grey set. Train is made of its train images, test of its test images. Images of
    more than half a frame are made smaller by a whole factor, 28×28 to 14×14.

    Args:
        grey: square images of one channel.
        counts: films of each split.
    """
    digits = _small(grey)
    side, total = digits.shape[1], sum(counts.values())
    items = np.zeros((total, 1, FRAMES * CANVAS, CANVAS), np.uint8)
    splits, sources, first = {}, np.empty(total, np.int64), 0
    for split, n in counts.items():
        drawn, rows = moves(split, n, side), slice(first, first + n)
        sources[rows] = grey.split(split)[(drawn.digit * len(grey.split(split))).astype(np.int64)]
        _paint(items[rows, 0], digits[sources[rows]], places(drawn.start, drawn.direction, side))
        splits[split] = np.arange(first, first + n)
        first += n
    labels = None if grey.labels is None else grey.labels[sources]
    return Dataset(
        name=PREFIX + grey.name,
        kind="images",
        items=items,
        splits=splits,
        labels=labels,
        classes=grey.classes,
        fingerprint=fingerprint(f"moving {grey.fingerprint}", {"sources": sources, **splits}),
        notes=(f"{FRAMES} frames of {CANVAS}x{CANVAS} one below the other, an image of {grey.name} each",),
    )


def possible_futures(
    first: UInt8[ndarray, "n side side"], start: Int[ndarray, "n 2"], side: int
) -> UInt8[ndarray, "n d rows side"]:
    """What may follow each first frame: the other frames of every direction, one below the other.

    Args:
        first: the first frames of films.
        start: where the digits are in them.
        side: of a digit.
    """
    n, at = len(first), np.arange(side)
    rows, columns = start[:, :1] + at, start[:, 1:] + at
    digits = first[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None]]
    futures = np.zeros((n, DIRECTIONS, (FRAMES - 1) * CANVAS, CANVAS), np.uint8)
    for direction in range(DIRECTIONS):
        _paint(futures[:, direction], digits, places(start, np.full(n, direction), side)[:, 1:])
    return futures


def _paint(
    films: UInt8[ndarray, "n rows _"], digits: UInt8[ndarray, "n side side"], where: Int[ndarray, "n t 2"]
) -> None:
    """Puts the digits into the frames of empty films."""
    at, film = np.arange(digits.shape[1]), np.arange(len(films))[:, None, None]
    for t in range(where.shape[1]):
        rows, columns = CANVAS * t + where[:, t, :1] + at, where[:, t, 1:] + at
        films[film, rows[:, :, None], columns[:, None]] = digits


def _small(grey: Dataset) -> UInt8[ndarray, "n side side"]:
    """The images, at most half as large as a frame: means of boxes."""
    name = PREFIX + grey.name
    if grey.kind != "images" or grey.shape[0] != 1 or grey.shape[1] != grey.shape[2]:
        got = "x".join(map(str, grey.shape))
        raise BadInput(f"{name}: only square grey images can be moved, {grey.name} has items of {got}")
    side = grey.shape[1]
    factor = -(-side // _MOST_SIDE)
    if side % factor:
        raise BadInput(f"{name}: images of {side}x{side} are not made smaller by {factor}; give others")
    boxes = grey.items.reshape(-1, side // factor, factor, side // factor, factor)
    return np.rint(boxes.mean((2, 4))).astype(np.uint8)

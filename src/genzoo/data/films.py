"""Films, square frames one below the other: the first of each is given, and the others are to be drawn."""

from dataclasses import replace

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from genzoo.data.arrays import fit
from genzoo.data.dataset import Dataset
from genzoo.data.degrade import degraded_shape
from genzoo.data.gallery import fingerprint
from genzoo.data.rows import rows_digest
from genzoo.data.view import View
from genzoo.errors import BadInput


def as_they_come(view: View) -> View:
    """The view that films are read in before `with_past_given`, which fits their frames; others unchanged."""
    return replace(view, size=None, channels=None, fit="crop") if view.degrade == "past" else view


def with_past_given(data: Dataset, view: View) -> Dataset:
    """Films without their first frames, which are what is given; where the view does not ask for that, as is.

    Args:
        data: films as they come, frames below one another.
        view: its size is that of what follows the first frame, (frames·side, side).
    """
    if view.degrade != "past" or data.given is not None:
        return data
    if data.kind == "images":
        degraded_shape(data.shape, "past")
    if data.kind != "images" or data.shape[1] < 2 * data.shape[2]:
        shape = "x".join(map(str, data.shape))
        raise BadInput(f"{data.name}: --degrade past needs films of 2 frames or more, got items of {shape}")
    side = data.shape[2]
    frames = data.items.reshape(len(data), data.shape[0], -1, side, side)
    given, items = _fitted(frames[:, :, :1], view), _fitted(frames[:, :, 1:], view)
    arrays = {"given": given, **({} if data.labels is None else {"labels": data.labels}), **data.splits}
    return replace(data, items=items, given=given, fingerprint=fingerprint(rows_digest(items), arrays))


def _fitted(frames: UInt8[ndarray, "n c t s s"], view: View) -> UInt8[ndarray, "n k rows width"]:
    """Frames one below the other, each in the size and channels of the view."""
    n, _, t, side, _ = frames.shape
    wanted = view.size[1] if view.size else side
    single = np.ascontiguousarray(frames.swapaxes(1, 2)).reshape(n * t, -1, side, side)
    single = fit(single, replace(view, size=(wanted, wanted)))
    return np.ascontiguousarray(single.reshape(n, t, -1, wanted, wanted).swapaxes(1, 2)).reshape(
        n, -1, t * wanted, wanted
    )


def frames_below(name: str, films: ndarray) -> ndarray:
    """Films n t h w, or n t h w c in colours, as images of t·h rows: n (t h) w or n (t h) w c."""
    if films.ndim not in (4, 5):
        raise BadInput(f"{name}: films are n t h w, or n t h w c in colours; got an array of {films.shape}")
    n, t, h, *rest = films.shape
    return films.reshape(n, t * h, *rest)

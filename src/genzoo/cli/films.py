"""What `genzoo forecast` does with a run that is given the first frame of a film and draws the others."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genzoo.errors import BadInput

if TYPE_CHECKING:
    from genzoo.cli.opened import Opened
    from genzoo.types import Batch

_SUFFIXES = (".png", ".gif", ".webp", ".npz")
_SHOWN = 6  # times that a frame of an animation is repeated: a third of a second


@dataclass(frozen=True)
class Options:
    """What may be said of which films are continued; how is what `apply.futures` takes.

    Args:
        data: other films than the run's own.
        split: of which.
        n: how many, evenly spaced.
    """

    data: str | None
    split: str
    n: int


def continue_films(
    opened: "Opened", out: Path, options: Options, how: dict[str, Any], *, overwrite: bool
) -> None:
    """Draws the futures of some first frames and writes them beside what came.

    Args:
        how: of the drawing: k, seed, temperature, batch.
    """
    from genzoo.apply.futures import futures
    from genzoo.cli.console import progress
    from genzoo.cli.output import check_suffix, write_arrays

    check_suffix(out, _SUFFIXES, overwrite=overwrite)
    films = _films(opened, options)
    assert films.given is not None
    assert films.given.images is not None
    firsts, truths = films.given.images, films.images
    with progress("forecasting", len(firsts) * how["k"]) as tick:
        drawn = futures(opened.model, firsts, **how, tick=tick).float().cpu()
    if out.suffix == ".npz":
        write_arrays(out, given=firsts.numpy(), originals=truths.numpy(), futures=drawn.numpy())
    else:
        _write(out, firsts, truths, drawn)


def _films(opened: "Opened", options: Options) -> "Batch":
    """Films of a split, evenly spaced, so that sorted ones are not all of one kind."""
    import numpy as np

    from genzoo.cli.opened import data_for
    from genzoo.data import in_order

    if options.n < 1:
        raise BadInput(f"-n must be at least 1, got {options.n}")
    dataset = data_for(opened, options.data)
    positions = dataset.split(options.split)
    n = min(options.n, len(positions))
    chosen = positions[np.linspace(0, len(positions) - 1, n).round().astype(int)]
    return next(in_order(dataset, chosen, view=opened.view, size=n, requires={"images"}))


def _write(out: Path, firsts: Any, truths: Any, drawn: Any) -> None:
    """A picture with a row for each film, or the same films moving."""
    from genzoo import apply
    from genzoo.apply.futures import futures_film, futures_picture
    from genzoo.cli.console import wrote
    from genzoo.cli.output import write_picture

    size = (firsts.shape[2], firsts.shape[3])
    what = f"{len(drawn)} films: what came, {drawn.shape[1]} futures"
    if out.suffix == ".png":
        write_picture(futures_picture(firsts, truths, drawn), out, size, what)
        return
    frames = [frame for frame in futures_film(firsts, truths, drawn) for _ in range(_SHOWN)]
    apply.save_film(frames, out, scale=apply.picture_scale(*size))
    wrote(out, what)

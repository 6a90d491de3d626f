"""What colourise and superres share: which pictures a run is given, and how what it draws is written."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from genzoo.cli.opened import Opened
    from genzoo.data import Dataset, View
    from genzoo.data.dataset import Skipped
    from genzoo.types import Images

Draws = Annotated[int, tyro.conf.arg(aliases=("-k",), help="Draws of each.")]
Limit = Annotated[
    int | None,
    tyro.conf.arg(
        aliases=("-n",), help="How many, picked by the seed; without it 8 for a picture, else all."
    ),
]
Split = Annotated[
    str | None,
    tyro.conf.arg(
        help="Which items: train, val, test or all; without it all of DATA, test of the run's own."
    ),
]
_ROWS = 8  # of a picture


@dataclass(frozen=True)
class Options:
    """What may be said of which pictures are taken, and how many images are drawn from each."""

    data: str | None
    split: str | None
    n: int | None
    k: int
    temperature: float
    seed: int
    batch: int


@dataclass(frozen=True)
class Taken:
    """What a run is given.

    Args:
        pictures: grey or small images.
        originals: what they were made of; None if they came as they are.
        names: of the files that they came from; empty if they came from none.
        skipped: files that are missing among them, and why.
    """

    pictures: "Float[Tensor, 'b _ _ _']"
    originals: "Images | None"
    names: tuple[str, ...]
    skipped: "tuple[Skipped, ...]" = ()


def restored(verb: str, run: Path, out: Path, options: Options, *, device: str, overwrite: bool) -> None:
    """Draws from the pictures that the options say and writes what came of it."""
    from genzoo import apply
    from genzoo.cli.console import progress
    from genzoo.cli.opened import image_size, open_for
    from genzoo.cli.output import form_of, write_arrays, write_picture
    from genzoo.cli.skipped import list_skipped

    form = form_of(out, {"picture", "folder", "arrays"}, overwrite=overwrite)
    opened = open_for(verb, run, device)
    n = _ROWS if options.n is None and form == "picture" else options.n
    taken, k = take(opened, replace(options, n=n)), options.k
    with progress(verb, len(taken.pictures) * k) as tick:
        drawn = apply.restore(
            opened.model,
            taken.pictures,
            k=k,
            seed=options.seed,
            temperature=options.temperature,
            batch=options.batch,
            tick=tick,
        ).cpu()
    if form == "picture":
        picture = apply.restorations_picture(taken.pictures, drawn, taken.originals)
        last = "" if taken.originals is None else ", original"
        write_picture(picture, out, image_size(opened), f"{len(drawn)} rows: given, {k} draws{last}")
    elif form == "folder":
        write_files(drawn, taken.names, out)
        list_skipped(taken.skipped, out)
    else:
        known = {} if taken.originals is None else {"originals": taken.originals.numpy()}
        write_arrays(out, given=taken.pictures.numpy(), drawn=drawn.float().numpy(), **known)


def take(opened: "Opened", options: Options) -> Taken:
    """The items of the data that were asked for, as they are or degraded as the run's own data were."""
    from genzoo.cli.opened import data_for, split_for
    from genzoo.data.batches import chosen, presented
    from genzoo.errors import BadInput

    if options.n is not None and options.n < 1:
        raise BadInput(f"-n must be at least 1, got {options.n}")
    given = pictures_of(opened, options.data)
    dataset = given or data_for(opened, options.data)
    split = split_for(options.data, options.split)
    positions = dataset.split(split)
    skipped = dataset.skipped
    if options.n is not None and options.n < len(positions):  # what could not be read is not missed then
        positions, skipped = chosen(dataset, split, options.n, options.seed), ()
    names = tuple(dataset.names[i] for i in positions) if dataset.names else ()
    batch = presented(dataset, positions, opened.view, options.seed, () if given else {"images"})
    if given:
        return Taken(batch.images, None, names, skipped)
    assert batch.given is not None
    assert batch.given.images is not None
    return Taken(batch.given.images, batch.images, names, skipped)


def pictures_of(opened: "Opened", source: str | None) -> "Dataset | None":
    """The data if they are themselves what the run is given, all grey or all of the small size; else None."""
    from genzoo.cli.opened import view_of_others
    from genzoo.data import load
    from genzoo.errors import BadInput
    from genzoo.models.base import Pictured

    model = opened.model
    assert isinstance(model, Pictured)
    if source is None or source == opened.data:
        return None
    others, (channels, *size) = view_of_others(opened), model.condition_shape
    view: View = replace(others, channels=None) if channels != model.shape[0] else replace(others, size=None)
    try:
        dataset = load(source, view)
    except BadInput:  # of several sizes, then; anything else is said when it is read as images of the run
        return None
    return dataset if dataset.shape == (channels, *size) else None


def write_files(drawn: "Float[Tensor, 'b k c h w']", names: tuple[str, ...], folder: Path) -> None:
    """One PNG file for each draw: NAME.png, or NAME-1.png to NAME-K.png of several."""
    from genzoo.apply.codec.listing import Listing
    from genzoo.cli.console import wrote
    from genzoo.images import save_image

    k = drawn.shape[1]
    for name, draws in zip(Listing(names).file_names(len(drawn)), drawn, strict=True):
        for j in range(k):
            number = f"-{j + 1}" if k > 1 else ""
            save_image(draws[j : j + 1], folder / f"{name.removesuffix('.png')}{number}.png")
    wrote(folder, f"{drawn.shape[0] * k} images")

"""`genzoo sample`: new images from a model, or a film of how they are drawn."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from genzoo.cli.options import BatchSize, Count, Device, Label, Mean, Out, Overwrite, Run, Seed, Temperature
from genzoo.errors import BadInput

if TYPE_CHECKING:
    from genzoo.cli.opened import Opened
    from genzoo.cli.output import Form
    from genzoo.models import Model
    from genzoo.types import Given, Images

Pictures = Annotated[
    str | None,
    tyro.conf.arg(
        help="Whose test images a model that is given pictures is shown; without it the run's own."
    ),
]
Film = Annotated[
    bool,
    tyro.conf.arg(help="An animated .gif, .webp or .png of the images growing pixel by pixel."),
]


def command(
    run: Run,
    /,
    *,
    out: Out,
    n: Count = 64,
    seed: Seed = 0,
    label: Label = None,
    data: Pictures = None,
    temperature: Temperature = 1.0,
    mean: Mean = False,
    film: Film = False,
    batch: BatchSize = 64,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Draw new images x ~ p(x).

    --out NAME.png is one picture of all, enlarged if they are small; a folder gets one file for each, at its
    own size; NAME.npz gets an array of values in [0, 1], n c h w. With --film it is an animation.
    """
    from functools import partial

    from genzoo.apply import sample
    from genzoo.cli.console import progress
    from genzoo.cli.opened import conditions, open_for
    from genzoo.cli.output import write_items

    opened = open_for("sample", run, device)
    form = form_for(opened, out, film=film, overwrite=overwrite)
    given = conditions(opened, n, label, data, seed=seed)
    draw = partial(sample, opened.model, n, given=given, seed=seed, batch=batch, temperature=temperature)
    with progress("sampling", n) as tick:
        items = draw(mean=mean, tick=tick)
    if film:
        write_film(opened, items, given, out)
    else:
        write_items(items, given, out, form)


def form_for(opened: "Opened", out: Path, *, film: bool, overwrite: bool) -> "Form":
    """What to write to `out`, told by its suffix; a film is a picture that moves."""
    from genzoo.apply.film import FORMATS
    from genzoo.cli.opened import image_size
    from genzoo.cli.output import check_suffix, form_of

    if film:
        check_suffix(out, tuple(FORMATS), overwrite=overwrite)
        check_film(opened.model)
    form = "picture" if film else form_of(out, {"picture", "folder", "arrays"}, overwrite=overwrite)
    if form != "arrays":
        image_size(opened)
    return form


def check_film(model: "Model") -> None:
    """BadInput, naming the models that can, for one that does not draw pixel by pixel."""
    from genzoo.apply.film import check_filmable
    from genzoo.models import abilities, capabilities, catalogue

    if "replay" not in capabilities(model):
        able = [name for name in catalogue() if "replay" in abilities(name)]
        name = type(model).__name__
        raise BadInput(f"--film: {name} does not draw pixel by pixel; models that do: {', '.join(able)}")
    check_filmable(model)


def write_film(opened: "Opened", images: "Images", given: "Given | None", out: Path) -> None:
    """An animation of all images side by side."""
    from genzoo.apply import picture_scale, save_film
    from genzoo.apply.film import film
    from genzoo.cli.console import wrote
    from genzoo.images import grid

    pictures = [grid(frame) for frame in film(opened.model, images, given)]
    save_film(pictures, out, scale=picture_scale(*images.shape[2:]))
    wrote(out, f"{len(images)} images growing in {len(pictures)} frames")

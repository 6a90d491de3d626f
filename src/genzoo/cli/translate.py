"""`genzoo translate`: images of one kind made into images of another, a picture of some or whole folders."""

from typing import Annotated, Literal

import tyro

from genzoo.cli.options import BatchSize, Data, Device, Out, Overwrite, Run, Seed
from genzoo.cli.restoring import Limit

To = Annotated[
    Literal["A", "B"],
    tyro.conf.arg(help="The kind to make; A by a run that learned both ways."),
]
Scale = Annotated[
    Literal["auto", "trained", "own"],
    tyro.conf.arg(
        help="Size of what is translated: trained, resized as for training, nothing cut off; own, as it is. "
        "auto is own for a run that was trained on patches (--fit patches), else trained."
    ),
]
Split = Annotated[
    str | None,
    tyro.conf.arg(
        help="Which of the run's own images, for a picture: train, val, test or all; test by default."
    ),
]

Cooled = Annotated[
    float | None,
    tyro.conf.arg(help="0 for no noise, where translations are drawn; 1, all of it, unless it is given."),
]
AsIs = Annotated[
    bool,
    tyro.conf.arg(
        help="DATA are outlines, or whatever else a run with --degrade is given, and not whole pictures "
        "from which that is made."
    ),
]

_ROWS = 8  # of a page, unless more are asked for


def command(
    run: Run,
    /,
    *,
    out: Out,
    data: Data = None,
    to: To = "B",
    split: Split = None,
    n: Limit = None,
    scale: Scale = "auto",
    as_is: AsIs = False,
    temperature: Cooled = None,
    seed: Seed = 0,
    batch: BatchSize = 16,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Translate images.

    --out NAME.png has a row for each of -n images: what is given | its translation | back again, by a run
    that learned both ways, | what truly belongs to it, where that is known. Into a folder goes every image
    of --data DATA, of any size, as PNG of its name; larger ones in tiles that overlap, bad files listed in
    skipped.csv. The same command goes on where it was interrupted. A run with --degrade makes outlines, or
    the like, of whole pictures, unless --as-is.
    """
    from genzoo.apply.translate import Direction
    from genzoo.cli.opened import open_for
    from genzoo.cli.output import form_of
    from genzoo.cli.translate_page import before_and_after
    from genzoo.cli.translating import Taken, check_used, whole_source

    opened = open_for("translate", run, device)
    direction = Direction(opened.model, to, 1.0 if temperature is None else temperature, seed)
    form = form_of(out, {"picture", "folder"}, overwrite=True)  # a folder may go on
    check_used(direction, form, n, batch, temperature=temperature, scale=scale, split=split)
    taken = Taken(opened, direction, data, as_is)
    if form == "folder":
        return whole_source(taken, out, scale=scale, limit=n, batch=batch, overwrite=overwrite)
    form_of(out, {form}, overwrite=overwrite)
    return before_and_after(taken, split, n or _ROWS, out, batch=batch)

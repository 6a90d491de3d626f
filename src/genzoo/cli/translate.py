"""`genzoo translate`: images of one kind made into images of another, a picture of some or whole folders."""

from typing import Annotated, Literal

import tyro

from genzoo.cli.options import BatchSize, Data, Device, Out, Overwrite, Run, Seed, Temperature
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
    temperature: Temperature = 1.0,
    seed: Seed = 0,
    batch: BatchSize = 16,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Translate images.

    --out NAME.png has a row for each of -n images: what is given | its translation | back again, by a run
    that learned both ways, | what truly belongs to it, where that is known. Into a folder goes every image
    of --data DATA, of whatever size and under its own name, as PNG; larger ones are translated in tiles
    that overlap. A file that cannot be read is listed, in skipped.csv too. The same command goes on where it
    was interrupted.
    """
    from genzoo.apply.translate import Direction
    from genzoo.cli.opened import open_for
    from genzoo.cli.output import form_of
    from genzoo.cli.translating import before_and_after, check_counts, whole_source

    check_counts(n, batch)
    opened = open_for("translate", run, device)
    direction = Direction(opened.model, to, temperature, seed)
    if form_of(out, {"picture", "folder"}, overwrite=True) == "picture":
        form_of(out, {"picture"}, overwrite=overwrite)
        return before_and_after(opened, direction, data, split, n or _ROWS, out)
    own = scale == "own" or (scale == "auto" and opened.view.fit == "patches")
    return whole_source(
        opened, direction, data, out, own_scale=own, limit=n, batch=batch, overwrite=overwrite
    )

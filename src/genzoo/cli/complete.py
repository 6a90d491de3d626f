"""`genzoo complete`: the hidden part of images, drawn given the rest."""

from typing import Annotated

import tyro

from genzoo.cli.options import (
    BatchSize,
    Completions,
    Data,
    Device,
    Mask,
    Out,
    Overwrite,
    Run,
    Seed,
    Split,
    Temperature,
)

Limit = Annotated[
    int | None,
    tyro.conf.arg(aliases=("-n",), help="How many; without it 8 of a page or of arrays, all of a folder."),
]
Blend = Annotated[
    bool,
    tyro.conf.arg(
        help="Give what was made the brightness of what is around it (Poisson blending), its details kept."
    ),
]


def command(
    run: Run,
    /,
    *,
    out: Out,
    mask: Mask = "bottom",
    data: Data = None,
    split: Split = "test",
    n: Limit = None,
    k: Completions = 4,
    temperature: Temperature = 1.0,
    seed: Seed = 0,
    batch: BatchSize = 64,
    blend: Blend = False,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Draw the hidden part of images given the rest: one row for each, occluded | completions | original.

    --out NAME.png is a picture; NAME.npz gets originals, known and completions (n k c h w). Into a folder
    goes every image of --data DATA at its own size, under its own name, by a run that completes any size.
    """
    from genzoo.cli.completing import Options, folder, page_or_arrays
    from genzoo.cli.opened import open_for
    from genzoo.cli.output import form_of

    form = form_of(out, {"picture", "arrays", "folder"}, overwrite=overwrite)
    opened = open_for("complete", run, device)
    options = Options(mask, data, split, n, k, temperature, seed, batch, blend)
    if form == "folder":
        folder(opened, options, out)
    else:
        page_or_arrays(opened, options, out, form)

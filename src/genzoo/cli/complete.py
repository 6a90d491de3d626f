"""`genzoo complete`: the hidden part of images, drawn given the rest."""

from genzoo.cli.options import (
    BatchSize,
    Completions,
    Count,
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


def command(
    run: Run,
    /,
    *,
    out: Out,
    mask: Mask = "bottom",
    data: Data = None,
    split: Split = "test",
    n: Count = 8,
    k: Completions = 4,
    temperature: Temperature = 1.0,
    seed: Seed = 0,
    batch: BatchSize = 64,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Draw the hidden part of images given the rest: one row for each, occluded | completions | original.

    --out NAME.png is a picture; NAME.npz gets originals, known and completions (n k c h w).
    """
    from functools import partial

    from genzoo import apply
    from genzoo.cli.console import progress
    from genzoo.cli.opened import image_size, open_for, some_items
    from genzoo.cli.output import form_of, write_arrays, write_picture

    form = form_of(out, {"picture", "arrays"}, overwrite=overwrite)
    opened = open_for("complete", run, device)
    known = apply.mask(mask, *image_size(opened))
    items = some_items(opened, data, split, n, seed)
    x = items.images
    draw = partial(apply.complete, opened.model, x, known, items.given, temperature=temperature)
    with progress("completing", len(items) * k) as tick:
        drawn = draw(k=k, seed=seed, batch=batch, tick=tick)
    if form == "picture":
        what = f"{len(items)} rows: occluded, {k} completions, original"
        write_picture(apply.completions_picture(x, known, drawn), out, image_size(opened), what)
    else:
        write_arrays(out, originals=x.numpy(), known=known.numpy(), completions=drawn.float().cpu().numpy())

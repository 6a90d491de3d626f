"""`genzoo sample`: new images from a model."""

from genzoo.cli.options import BatchSize, Count, Device, Label, Mean, Out, Overwrite, Run, Seed, Temperature


def command(
    run: Run,
    /,
    *,
    out: Out,
    n: Count = 64,
    seed: Seed = 0,
    label: Label = None,
    temperature: Temperature = 1.0,
    mean: Mean = False,
    batch: BatchSize = 64,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Draw new images x ~ p(x).

    --out NAME.png is one picture of all, enlarged if they are small; a folder gets one file for each, at its
    own size; NAME.npz gets an array of values in [0, 1], n c h w.
    """
    from functools import partial

    from genzoo.apply import sample
    from genzoo.cli.console import progress
    from genzoo.cli.opened import conditions, image_size, open_for
    from genzoo.cli.output import form_of, write_items

    form = form_of(out, {"picture", "folder", "arrays"}, overwrite=overwrite)
    opened = open_for("sample", run, device)
    if form != "arrays":
        image_size(opened)
    given = conditions(opened, n, label)
    draw = partial(sample, opened.model, n, given=given, seed=seed, batch=batch, temperature=temperature)
    with progress("sampling", n) as tick:
        items = draw(mean=mean, tick=tick)
    write_items(items, given, out, form)

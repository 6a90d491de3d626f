"""`genzoo reconstruct`: originals beside what a model rebuilds from their codes."""

from genzoo.cli.options import Count, Data, Device, Out, Overwrite, Run, Seed, Split


def command(
    run: Run,
    /,
    *,
    out: Out,
    data: Data = None,
    split: Split = "test",
    n: Count = 20,
    seed: Seed = 0,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Rebuild images from their codes: rows of originals, each above the row of its reconstructions.

    --out NAME.png is a picture; NAME.npz gets originals, reconstructions and the squared error of each.
    """
    from genzoo.apply import pairs_picture, reconstruct
    from genzoo.cli.console import out as console
    from genzoo.cli.opened import image_size, open_for, some_items
    from genzoo.cli.output import form_of, write_arrays, write_picture

    form = form_of(out, {"picture", "arrays"}, overwrite=overwrite)
    opened = open_for("reconstruct", run, device)
    size = image_size(opened) if form == "picture" else (1, 1)
    batch = some_items(opened, data, split, n, seed)
    pairs = reconstruct(opened.model, batch.images, batch.given)
    if form == "picture":
        write_picture(pairs_picture(pairs), out, size, f"{len(batch)} originals above their reconstructions")
    else:
        arrays = {name: getattr(pairs, name).float().cpu().numpy() for name in pairs.__dataclass_fields__}
        write_arrays(out, **arrays)
    error = float(pairs.squared_error.mean())
    console().print(f"mean squared error per image {error:.4f}, of {len(batch)} images")

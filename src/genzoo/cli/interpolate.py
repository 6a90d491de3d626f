"""`genzoo interpolate`: from one image to another through the latents."""

from genzoo.cli.options import (
    Along,
    Count,
    Data,
    Device,
    Label,
    Out,
    Overwrite,
    Prior,
    Run,
    Seed,
    Split,
    Steps,
)


def command(
    run: Run,
    /,
    *,
    out: Out,
    data: Data = None,
    split: Split = "test",
    prior: Prior = False,
    n: Count = 8,
    steps: Steps = 10,
    path: Along = "auto",
    label: Label = None,
    seed: Seed = 0,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Walk from one image to another through the latents, one walk a row.

    Models that encode walk between the codes of images of DATA (or, with --prior, between draws from the
    prior); the others, such as GANs, between draws from the prior. The spherical path suits Gaussian priors.
    """
    from genzoo.apply import interpolate, rows_picture
    from genzoo.cli.console import progress
    from genzoo.cli.latents import ends
    from genzoo.cli.opened import image_size, open_for
    from genzoo.cli.output import form_of, write_arrays, write_picture

    form = form_of(out, {"picture", "arrays"}, overwrite=overwrite)
    opened = open_for("interpolate", run, device)
    size = image_size(opened) if form == "picture" else (1, 1)
    start, end, given, drawn = ends(opened, data, split, n, seed, label=label, prior=prior)
    chosen = ("spherical" if drawn else "linear") if path == "auto" else path
    with progress("decoding", n * steps) as tick:
        walks = interpolate(opened.model, start, end, given, steps=steps, path=chosen, tick=tick)
    between = "draws from the prior" if drawn else "images"
    if form == "picture":
        write_picture(rows_picture(walks), out, size, f"{len(walks)} {chosen} walks between {between}")
    else:
        write_arrays(out, images=walks.float().cpu().numpy())

"""`genzoo traverse`: what each latent dimension does."""

from typing import Annotated

import tyro

from genzoo.cli.options import Data, Device, Label, Out, Overwrite, Run, Seed, Split

POOL = 1024  # latents whose quantiles say how far each dimension goes


def command(
    run: Run,
    /,
    *,
    out: Out,
    data: Data = None,
    split: Split = "test",
    steps: Annotated[int | None, tyro.conf.arg(help="Images in a row; 10, or 20 for 2 dimensions.")] = None,
    dims: Annotated[int, tyro.conf.arg(help="The first so many dimensions, one a row.")] = 16,
    label: Label = None,
    seed: Seed = 0,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Show what the latent dimensions do.

    With 2 of them: the manifold, a square of images with z1 growing rightwards and z2 upwards, equal in mass
    under a Gaussian prior. With more: one row for each, from its 1% to its 99% quantile, the others at rest.
    Of an InfoGAN: its codes, first the category, one a column, then each number from −2 to 2.
    """
    from genzoo.apply.codes import code_page
    from genzoo.cli.console import progress
    from genzoo.cli.latents import grid_of_latents
    from genzoo.cli.opened import image_size, open_for
    from genzoo.cli.output import form_of, write_picture
    from genzoo.models.adversarial.infogan import InfoGAN

    form_of(out, {"picture"}, overwrite=overwrite)
    opened = open_for("traverse", run, device)
    size = image_size(opened)
    with progress("decoding", None) as tick:
        if isinstance(opened.model, InfoGAN):
            picture = code_page(opened.model, steps or 10, seed=seed, tick=tick)
            what = "5 rows of categories, then each uniform code from −2 to 2, a row a category"
        else:
            picture, what = grid_of_latents(
                opened, data, split, steps, dims, pool=POOL, label=label, seed=seed, tick=tick
            )
    write_picture(picture, out, size, what)

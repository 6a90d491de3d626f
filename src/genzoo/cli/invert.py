"""`genzoo invert`: the latents of given images, of a run that decodes and need not encode."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from genzoo.cli.options import BatchSize, Count, Data, Device, Out, Overwrite, Run, Seed, Split

if TYPE_CHECKING:
    from rich.table import Table

    from genzoo.apply.invert import Inverted
    from genzoo.cli.output import Form
    from genzoo.types import Batch

Descent = Annotated[int, tyro.conf.arg(help="Steps of the search from each start.")]
Restarts = Annotated[int, tyro.conf.arg(help="Starts for each image; the best of what they find is kept.")]
Weight = Annotated[
    float,
    tyro.conf.arg(help="How much the critic's features count beside the pixels, where the run has a critic."),
]


def command(
    run: Run,
    /,
    *,
    out: Out,
    data: Data = None,
    split: Split = "test",
    n: Count = 8,
    steps: Descent = 200,
    restarts: Restarts = 4,
    features_weight: Weight = 0.0,
    seed: Seed = 0,
    batch: BatchSize = 64,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Find the latents whose images are nearest to images of DATA, and say how near.

    --out NAME.png has a row for each image: the original, the nearest of steps x restarts samples, what was
    found, the difference. NAME.npz gets codes, index, originals, images and errors.
    """
    from genzoo.apply.invert import invert
    from genzoo.cli.console import out as console
    from genzoo.cli.console import progress
    from genzoo.cli.opened import image_size, open_for, some_items
    from genzoo.cli.output import form_of

    form = form_of(out, {"picture", "arrays"}, overwrite=overwrite)
    opened = open_for("invert", run, device)
    image_size(opened)
    items = some_items(opened, data, split, n, seed)
    search = partial(invert, steps=steps, restarts=restarts, features_weight=features_weight, batch=batch)
    with progress("inverting", steps * len(items)) as tick:
        found = search(opened.model, items.images, items.given, seed=seed, tick=tick)
    write(items, found, out, form)
    console().print(table(found))


def write(items: "Batch", found: "Inverted", out: Path, form: "Form") -> None:
    """A picture with a row for each image, or the arrays."""
    from genzoo.apply.invert import inversions_picture
    from genzoo.cli.output import write_arrays, write_picture

    if form == "picture":
        *_, h, w = items.images.shape
        what = f"{len(items)} originals, nearest samples, found, differences"
        write_picture(inversions_picture(items.images, found), out, (h, w), what)
        return
    kept = {"codes": found.latents, "originals": items.images, "images": found.images, "errors": found.error}
    arrays = {name: value.float().cpu().numpy() for name, value in kept.items()}
    assert items.index is not None
    write_arrays(out, index=items.index.numpy(), **arrays)


def table(found: "Inverted") -> "Table":
    """The error of each image beside that of the nearest sample, and their means."""
    from rich.table import Table

    drawn = Table(box=None, padding=(0, 2, 0, 0), caption="mean squared error of values in [0, 1]; dB")
    for name in ("image", "found", "PSNR", f"nearest of {found.draws:,} samples", "PSNR"):
        drawn.add_column(name, justify="right")
    pairs = list(zip(found.error.tolist(), found.nearest_error.tolist(), strict=True))
    for i, (error, nearest) in enumerate(pairs):
        drawn.add_row(str(i), *fidelity(error), *fidelity(nearest))
    if len(pairs) > 1:
        means = (sum(errors) / len(pairs) for errors in zip(*pairs, strict=True))
        drawn.add_row("mean", *(word for mean in means for word in fidelity(mean)))
    return drawn


def fidelity(error: float) -> tuple[str, str]:
    """A mean squared error of values in [0, 1], and its PSNR.

    >>> fidelity(0.01)
    ('0.01000', '20.00')
    """
    import torch

    from genzoo.objectives.rate_distortion import LEVELS, psnr

    return f"{error:.5f}", f"{float(psnr(torch.tensor(error * LEVELS**2))):.2f}"

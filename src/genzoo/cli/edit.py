"""`genzoo edit`: give images an attribute that a set of other images has."""

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from genzoo.cli.options import Count, Data, Device, Out, Overwrite, Run, Seed, Split
from genzoo.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from genzoo.apply.edit import Code, Edits
    from genzoo.cli.image_sets import ImageSet
    from genzoo.cli.opened import Opened
    from genzoo.cli.output import Form

INVERTED = 64  # images of a set whose codes are found by inversion: each takes as long as many samples
_SET = "label:CLASS, a .txt file of image names of DATA, one a line, or a folder or other data."
Add = Annotated[str | None, tyro.conf.arg(help=f"Images that have the attribute: {_SET}")]
Without = Annotated[
    str | None, tyro.conf.arg(help="Images without it, likewise; by default all other training images.")
]
Known = Annotated[Path | None, tyro.conf.arg(help="A direction that --save wrote, instead of --add.")]
Save = Annotated[Path | None, tyro.conf.arg(help="A .safetensors file to keep the direction in.")]
Amount = Annotated[
    float, tyro.conf.arg(help="The largest: 1 is the distance of the sets' means; below 0 takes away.")
]


def command(
    run: Run,
    /,
    *,
    out: Out,
    add: Add = None,
    without: Without = None,
    direction: Known = None,
    save: Save = None,
    amount: Amount = 2.0,
    steps: Annotated[int, tyro.conf.arg(help="Amounts that are shown, in equal steps.")] = 4,
    data: Data = None,
    split: Split = "test",
    n: Count = 8,
    seed: Seed = 0,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Move the codes of images of DATA along what two sets of images differ in, one image a row.

    Each row: the original, its reconstruction, the edits by growing amount. --out NAME.npz gets the arrays.
    Of a run that does not encode, such as a GAN's, codes are found as `genzoo invert` does.
    """
    from genzoo.apply.edit import edit, save_direction
    from genzoo.cli.console import wrote
    from genzoo.cli.opened import image_size, open_for, some_items
    from genzoo.cli.output import form_of

    form = form_of(out, {"picture", "arrays"}, overwrite=overwrite)
    check(add, without, direction, save, amount, steps, overwrite=overwrite)
    opened = open_for("edit", run, device)
    image_size(opened)
    batch = some_items(opened, data, split, n, seed)
    along = direction_of(opened, data, add, without, direction, seed)
    amounts = [amount * (i + 1) / steps for i in range(steps)]
    edits = edit(opened.model, batch.images, along, amounts, batch.given, seed=seed)
    write(edits, amounts, out, form, how=way(opened, edits))
    if save:
        save_direction(along, opened.model, save)
        wrote(save, "the direction")


def way(run: "Opened", edits: "Edits") -> str:
    """How codes were found, in a word; says how far from the images they are where that was by inversion."""
    from genzoo.cli.console import out
    from genzoo.models.base import Encodes

    if isinstance(run.model, Encodes):
        return "rebuilt"
    error = float((edits.originals - edits.reconstructions).square().mean())
    name = type(run.model).__name__
    out().print(
        f"{name} does not encode: codes found by inversion, mean squared error {error:.4f}", soft_wrap=True
    )
    return "inverted"


def write(edits: "Edits", amounts: "Sequence[float]", out: Path, form: "Form", *, how: str) -> None:
    """A picture with a row for each image, or the arrays.

    Args:
        how: what the second image of a row is.
    """
    import numpy as np

    from genzoo.apply.edit import edits_picture
    from genzoo.cli.output import write_arrays, write_picture

    if form == "picture":
        *_, h, w = edits.originals.shape
        shown = ", ".join(f"{amount:g}" for amount in amounts)
        what = f"{len(edits.originals)} originals, {how}, moved by {shown}"
        write_picture(edits_picture(edits), out, (h, w), what)
    else:
        arrays = {name: getattr(edits, name).float().cpu().numpy() for name in edits.__dataclass_fields__}
        write_arrays(out, amounts=np.array(amounts), **arrays)


def check(
    add: str | None,
    without: str | None,
    direction: Path | None,
    save: Path | None,
    amount: float,
    steps: int,
    *,
    overwrite: bool,
) -> None:
    """BadInput for flags that are missing, exclude each other, or have impossible values."""
    if (add is None) == (direction is None):
        raise BadInput("give either --add, images that have the attribute, or --direction, a saved one")
    if direction is not None and (without is not None or save is not None):
        flag = "--save" if without is None else "--without"
        raise BadInput(f"{flag}: a direction that is given by --direction is neither computed nor saved")
    if steps < 1:
        raise BadInput(f"--steps must be at least 1, got {steps}")
    if not math.isfinite(amount) or amount == 0:
        raise BadInput(f"--amount must be a number other than 0, got {amount}")
    if save is not None and save.suffix != ".safetensors":
        raise BadInput(f"--save {save}: expected a name ending in .safetensors")
    if save is not None and save.exists() and not overwrite:
        raise BadInput(f"--save {save}: is there already; give another name, or --overwrite")


def direction_of(
    run: "Opened", data: str | None, add: str | None, without: str | None, saved: Path | None, seed: int
) -> "Code":
    """The direction that was saved; else the mean code of the set to add minus that of the other set."""
    from genzoo.apply.edit import load_direction, mean_code
    from genzoo.cli.console import out, progress
    from genzoo.cli.image_sets import all_others, image_set
    from genzoo.cli.opened import data_for

    if saved is not None:
        return load_direction(saved, run.model)
    dataset = data_for(run, data)
    having = image_set("--add", str(add), run, dataset, seed)
    lacking = (
        all_others(having, dataset, seed)
        if without is None
        else image_set("--without", without, run, dataset, seed)
    )
    if having.same(lacking):
        raise BadInput(f"--add {add} and --without {without} are the same images: there is no difference")
    sets = [within_reach(run, images) for images in (having, lacking)]
    with progress("encoding", sum(map(len, sets))) as tick:
        means = [mean_code(run.model, images.batches(run, seed), seed=seed, tick=tick) for images in sets]
    along = means[0] - means[1]
    out().print(
        f"direction of {len(sets[0]):,} minus {len(sets[1]):,} images, length {float(along.norm()):.4f}"
    )
    return along


def within_reach(run: "Opened", images: "ImageSet") -> "ImageSet":
    """The set, or `INVERTED` images of it, evenly spaced, where codes are found by inversion."""
    import numpy as np

    from genzoo.models.base import Encodes

    if isinstance(run.model, Encodes) or len(images) <= INVERTED:
        return images
    chosen = np.linspace(0, len(images) - 1, INVERTED).round().astype(int)
    return replace(images, positions=images.positions[chosen])

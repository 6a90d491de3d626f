"""`genzoo interpolate`: from one image to another through the latents."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

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
from genzoo.errors import BadInput

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from genzoo.cli.opened import Opened
    from genzoo.cli.output import Form
    from genzoo.types import Given, Latents

FILMS = (".gif", ".webp")
Tour = Annotated[
    bool, tyro.conf.arg(help="One walk through all -n points and back to the first, not one for each pair.")
]


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
    tour: Tour = False,
    label: Label = None,
    seed: Seed = 0,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Walk from one image to another through the latents, one walk a row; --out NAME.gif is a film.

    Models that encode walk between the codes of images of DATA (or, with --prior, between draws from the
    prior); the others, such as GANs, between draws from the prior, or with --data between latents that are
    found for its images, as `genzoo invert` does. The spherical path suits Gaussian priors.
    """
    from genzoo.apply import interpolate
    from genzoo.cli.console import progress
    from genzoo.cli.opened import image_size, open_for

    form = form_for(out, overwrite=overwrite)
    opened = open_for("interpolate", run, device)
    if form != "arrays":
        image_size(opened)
    start, end, given, between = points(opened, data, split, n, seed, label=label, prior=prior, tour=tour)
    chosen = ("linear" if between == "images" else "spherical") if path == "auto" else path
    with progress("decoding", len(start) * steps) as tick:
        walks = interpolate(opened.model, start, end, given, steps=steps, path=chosen, tick=tick)
    what = f"{len(walks)} {chosen} walks between {between}" + ", one after the other and back" * tour
    write(walks, out, form, what, tour=tour)


def form_for(out: Path, *, overwrite: bool) -> "Form | Literal['film']":
    """What to write to `out`, told by its suffix."""
    from genzoo.cli.output import check_suffix, form_of

    if out.suffix.lower() not in FILMS:
        return form_of(out, {"picture", "arrays"}, overwrite=overwrite)
    check_suffix(out, FILMS, overwrite=overwrite)
    return "film"


def points(
    opened: "Opened",
    data: str | None,
    split: str,
    n: int,
    seed: int,
    *,
    label: str | None,
    prior: bool,
    tour: bool,
) -> "tuple[Latents, Latents, Given | None, str]":
    """Where the walks start and end, the conditions of all or of each, and what they are between."""
    from genzoo.cli.latents import ends
    from genzoo.cli.opened import conditions
    from genzoo.models.base import Encodes

    by_class = opened.model.requires == {"labels"}
    if tour and n < 2:
        raise BadInput(f"--tour goes through at least 2 points, got -n {n}")
    if tour and by_class and label is None:
        raise BadInput("--tour keeps to one class of a run that is conditional on labels: --label says which")
    if data is not None and not prior and not isinstance(opened.model, Encodes):
        start, end = inverted(opened, data, split, n, seed)
        given, between = None, "images, found by inversion"
    else:
        start, end, given, drawn = ends(opened, data, split, n, seed, label=label, prior=prior)
        between = "draws from the prior" if drawn else "images"
        if drawn and by_class and label is None:
            given = conditions(opened, n, None)  # walks keep to one class each, and the classes take turns
    return start, start.roll(-1, 0) if tour else end, given, between


def inverted(opened: "Opened", data: str, split: str, n: int, seed: int) -> "tuple[Latents, Latents]":
    """Latents of images of DATA, of a model that does not encode."""
    from genzoo.apply.invert import codes
    from genzoo.cli.console import progress
    from genzoo.cli.opened import some_items

    if opened.model.requires:
        said = ", ".join(sorted(opened.model.requires))
        raise BadInput(
            f"--data {data}: {type(opened.model).__name__} is conditional on {said}, and a walk between two "
            "images has no one condition; leave it out"
        )
    if n < 1:
        raise BadInput(f"-n must be at least 1, got {n}")
    batch = some_items(opened, data, split, 2 * n, seed)
    half = len(batch) // 2
    if not half:
        raise BadInput(f"split {split!r} has one item; a walk needs two")
    with progress("inverting", len(batch)) as tick:
        latents = codes(opened.model, batch.images, seed=seed, tick=tick)
    return latents[:half], latents[half : 2 * half]


def write(
    walks: "Float[Tensor, 'b steps *shape']",
    out: Path,
    form: "Form | Literal['film']",
    what: str,
    *,
    tour: bool,
) -> None:
    """A row for each walk, a film of all, or the arrays."""
    from genzoo.apply import picture_scale, rows_picture, save_film
    from genzoo.apply.interpolate import walk_frames
    from genzoo.cli.console import wrote
    from genzoo.cli.output import write_arrays, write_picture

    if form == "arrays":
        write_arrays(out, images=walks.float().cpu().numpy())
        return
    *_, h, w = walks.shape
    if form == "film":
        save_film(walk_frames(walks, tour=tour), out, scale=picture_scale(h, w))
        wrote(out, what)
    else:
        write_picture(rows_picture(walks), out, (h, w), what)

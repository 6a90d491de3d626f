"""What `genzoo complete` does: a page or arrays of images as a run sees them, or files at their own size."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import torch

from genzoo import apply
from genzoo.apply.blend import blended
from genzoo.apply.codec.listing import different, safe_name
from genzoo.cli.console import progress, wrote
from genzoo.cli.opened import Opened, image_size, some_items
from genzoo.cli.output import Form, write_arrays, write_picture
from genzoo.cli.translating import check_counts, readable, say_skipped, some_of, write_skipped
from genzoo.data.decode import quiet
from genzoo.data.sources import gallery_of
from genzoo.errors import BadInput
from genzoo.images import save_image
from genzoo.types import Images

_ROWS = 8  # of a page or of arrays, unless more are asked for


@dataclass(frozen=True)
class Options:
    """What to complete and how; the flags of `genzoo complete`."""

    mask: str
    data: str | None
    split: str
    n: int | None
    k: int
    temperature: float
    seed: int
    batch: int
    blend: bool


def page_or_arrays(opened: Opened, options: Options, out: Path, form: Form) -> None:
    """Some images of the run's size, completed."""
    known = apply.mask(options.mask, *image_size(opened))
    n = _ROWS if options.n is None else options.n
    items = some_items(opened, options.data, options.split, n, options.seed)
    x, k = items.images, options.k
    with progress("completing", len(items) * k) as tick:
        drawn = apply.complete(
            opened.model, x, known, items.given, k=k, seed=options.seed, temperature=options.temperature,
            batch=options.batch, tick=tick,
        )  # fmt: skip
    if options.blend:
        whole = x.to(drawn).repeat_interleave(k, 0)
        drawn = blended(whole, drawn.flatten(0, 1), known.to(drawn.device)).view_as(drawn)
    if form == "picture":
        what = f"{len(items)} rows: occluded, {k} completions, original"
        write_picture(apply.completions_picture(x, known, drawn), out, image_size(opened), what)
    else:
        write_arrays(out, originals=x.numpy(), known=known.numpy(), completions=drawn.float().cpu().numpy())


def folder(opened: Opened, options: Options, out: Path) -> None:
    """Every image file of a source, completed at its own size, under its own name."""
    check_counts(options.n, options.batch)
    name = type(opened.model).__name__
    if not opened.model.any_size:
        raise BadInput(f"--out {out}: {name} completes images of its own size; give NAME.png or NAME.npz")
    if options.data is None:
        raise BadInput(f"--out {out}: a folder is for the images of --data DATA; name them, or give NAME.png")
    gallery = gallery_of(options.data)
    with closing(gallery.files) as files, quiet():
        listed = gallery.list_images()
        bad = list(listed.skipped) if options.n is None else []
        members = some_of(listed.members, options.n, options.seed)
        if not members:
            raise BadInput(f"--data {options.data}: no image files in it")
        names, done = list(different(safe_name(member.name) for member in members)), 0
        with progress("completing", len(members)) as tick:
            channels, waiting = opened.model.shape[0], list(enumerate(members))
            for i, image in readable(files, waiting, channels, opened, bad, tick):
                save_image(_completed(opened, image, options), out / names[i])
                done += 1
                tick(1)
    wrote(out, f"{done:,} images")
    write_skipped(out, bad)
    say_skipped(bad, out)


def _completed(opened: Opened, image: Images, options: Options) -> Images:
    known = apply.mask(options.mask, int(image.shape[2]), int(image.shape[3]))
    done = apply.complete(
        opened.model, image, known, seed=options.seed, temperature=options.temperature
    ).flatten(0, 1)
    return blended(image, done.cpu(), known) if options.blend else torch.as_tensor(done.cpu())

"""What `genzoo complete` does: a page or arrays of images as a run sees them, or files at their own size."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genzoo import apply
from genzoo.apply.blend import blended, carried
from genzoo.apply.codec.listing import different, safe_name
from genzoo.apply.complete import Masks, masking
from genzoo.apply.search_completion import STEPS, Drawn, search_completions
from genzoo.cli.console import progress, wrote
from genzoo.cli.opened import Opened, image_size, open_for, some_items, split_for
from genzoo.cli.output import Form, form_of, write_arrays, write_picture
from genzoo.cli.skipped import list_skipped
from genzoo.cli.translating import check_counts, readable, some_of
from genzoo.data.dataset import Skipped
from genzoo.data.decode import quiet
from genzoo.data.sources import gallery_of
from genzoo.errors import BadInput
from genzoo.images import save_image
from genzoo.models.base import Completes
from genzoo.types import Given, Images, Known

_ROWS = 8  # of a page or of arrays, unless more are asked for
_COMPLETIONS = 4  # of each, likewise
_TEMPERATURE, _BATCH = 1.0, 64


@dataclass(frozen=True)
class Options:
    """What to complete and how; the flags of `genzoo complete`."""

    mask: str
    data: str | None
    split: str | None
    n: int | None
    k: int | None
    temperature: float | None
    seed: int
    batch: int | None
    blend: bool
    steps: int | None
    restarts: int | None
    critic_weight: float | None

    @property
    def search(self) -> dict[str, Any]:
        """What was said of a search, as `search_completions` calls it."""
        said = {"steps": self.steps, "restarts": self.restarts, "critic_weight": self.critic_weight}
        return {name: value for name, value in said.items() if value is not None}


def completed(run: Path, device: str, options: Options, out: Path, overwrite: bool) -> None:
    """Opens the run, and writes a page, arrays or a folder."""
    form = form_of(out, {"picture", "arrays", "folder"}, overwrite=overwrite)
    opened = open_for("complete", run, device)
    _check(opened, options)
    if form == "folder":
        _folder(opened, options, out)
    else:
        _page_or_arrays(opened, options, out, form)


def _check(opened: Opened, options: Options) -> None:
    """BadInput for a flag that says nothing about the way in which this run completes."""
    name = type(opened.model).__name__
    if isinstance(opened.model, Completes):
        if options.search:
            flag = next(iter(options.search)).replace("_", "-")
            raise BadInput(f"--{flag}: {name} completes without a search; leave it out")
        if opened.model.one_completion and options.k not in (None, 1):
            raise BadInput(f"-k {options.k}: {name} has one completion of a hole; leave it out")
        if opened.model.one_completion and options.temperature not in (None, 1):
            raise BadInput(f"--temperature {options.temperature}: {name} draws nothing; leave it out")
    elif options.temperature not in (None, 1):
        raise BadInput(
            f"--temperature {options.temperature}: {name} searches and draws nothing; leave it out"
        )


def _page_or_arrays(opened: Opened, options: Options, out: Path, form: Form) -> None:
    """Some images of the run's size, completed."""
    known = apply.mask(options.mask, *image_size(opened))
    n = _ROWS if options.n is None else options.n
    split = split_for(options.data, options.split)
    items = some_items(opened, options.data, split, n, options.seed)
    x, k = items.images, options.k
    if k is None:
        k = 1 if opened.model.one_completion else _COMPLETIONS
    drawn = _drawn(opened, x, known, items.given, options, k)
    if form == "picture":
        many = "completion" if k == 1 else f"{k} completions"
        what = f"{len(items)} rows: occluded, {many}, original"
        write_picture(apply.completions_picture(x, known, drawn), out, image_size(opened), what)
    else:
        write_arrays(out, originals=x.numpy(), known=known.numpy(), completions=drawn.float().cpu().numpy())


def _drawn(opened: Opened, x: Images, known: Masks, given: Given | None, options: Options, k: int) -> Drawn:
    """k completions of each image by the run, or by search; blended, if they are to be."""
    batch = _BATCH if options.batch is None else options.batch
    model, how = opened.model, {"k": k, "seed": options.seed, "batch": batch}
    if isinstance(model, Completes):
        temperature = _TEMPERATURE if options.temperature is None else options.temperature
        with progress("completing", len(x) * k) as tick:
            drawn = apply.complete(model, x, known, given, temperature=temperature, tick=tick, **how)
        made = carried(drawn.flatten(0, 1), known.to(drawn.device)) if options.blend else drawn
    else:
        steps = options.search.get("steps", STEPS)
        with progress("searching", steps * len(x)) as tick:
            found = search_completions(model, x, known, given, tick=tick, **how, **options.search)
        drawn, made = found.completions, found.made.flatten(0, 1)
    if not options.blend:
        return drawn
    whole = x.to(drawn).repeat_interleave(k, 0)
    return blended(whole, made, known.to(drawn.device)).view_as(drawn)


def _folder(opened: Opened, options: Options, out: Path) -> None:
    """Every image file of a source that the mask fits, completed at its own size, under its own name."""
    data = _check_folder(opened, options, out)
    mask, gallery = masking(options.mask), gallery_of(data)
    with closing(gallery.files) as files, quiet():
        listed = gallery.list_images()
        bad = list(listed.skipped) if options.n is None else []
        members = some_of(listed.members, options.n, options.seed)
        if not members:
            raise BadInput(f"--data {data}: no image files in it")
        names, done = list(different(safe_name(member.name) for member in members)), 0
        with progress("completing", len(members)) as tick:
            channels, waiting = opened.model.shape[0], list(enumerate(members))
            for i, image in readable(files, waiting, channels, opened, bad, tick):
                try:
                    made = _completed(opened, image, mask(image.shape[2], image.shape[3]), options)
                except BadInput as reason:
                    bad.append(Skipped(members[i].name, str(reason)))
                else:
                    save_image(made, out / names[i])
                    done += 1
                tick(1)
    wrote(out, f"{done:,} images")
    list_skipped(bad, out)


def _check_folder(opened: Opened, options: Options, out: Path) -> str:
    """The data that are to fill a folder; BadInput for what says nothing about one, or does not make one."""
    check_counts(options.n, 1)
    name = type(opened.model).__name__
    if not opened.model.any_size:
        raise BadInput(f"--out {out}: {name} completes images of its own size; give NAME.png or NAME.npz")
    if options.data is None:
        raise BadInput(f"--out {out}: a folder is for the images of --data DATA; name them, or give NAME.png")
    if options.split is not None:
        raise BadInput(f"--split {options.split}: a folder gets the images of every split; leave it out")
    if options.batch is not None:
        raise BadInput(f"--batch {options.batch}: a folder is filled one image at a time; leave it out")
    return options.data


def _completed(opened: Opened, image: Images, known: Known, options: Options) -> Images:
    done = apply.complete(opened.model, image, known, seed=options.seed).flatten(0, 1)
    return blended(image, carried(done.cpu(), known), known) if options.blend else done.cpu()

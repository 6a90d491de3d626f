"""What `genzoo translate` does: a page of pictures before and after, or a folder, picture by picture."""

import csv
import io
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from genzoo.apply.codec.listing import different, safe_name
from genzoo.apply.pictures import rows_picture
from genzoo.apply.placement import Tick
from genzoo.apply.translate import Direction, at_trained_scale, translate, translate_pictures
from genzoo.cli.console import out as console
from genzoo.cli.console import progress, wrote
from genzoo.cli.opened import Opened, data_for, view_of_others
from genzoo.cli.output import write_picture
from genzoo.data import load
from genzoo.data.batches import chosen, presented
from genzoo.data.dataset import Skipped
from genzoo.data.decode import at_own_size, quiet
from genzoo.data.domains import two_domains
from genzoo.data.listing import Files, Member, Unusable
from genzoo.data.pixels import colour
from genzoo.data.sources import PIXEL_LIMIT, gallery_of
from genzoo.errors import BadInput
from genzoo.files import atomic, read_json, write_json
from genzoo.images import save_image, side_by_side
from genzoo.models.base import Translates
from genzoo.random import seed_of
from genzoo.types import Images, Picture

_TOGETHER = 2**20  # pixels that are translated at once, or one picture
_SHOWN = 12  # skipped files that are listed on the terminal
_ABOUT, _SKIPPED = "translate.json", "skipped.csv"


def before_and_after(
    opened: Opened, direction: Direction, data: str | None, split: str | None, n: int, out: Path
) -> None:
    """One row for each of `n` images: given | translated | back | its own partner, where there is one."""
    given, partners = _some(opened, direction, data, split, n)
    made = translate(
        direction.model, given, to=direction.to, temperature=direction.temperature, seed=direction.seed
    )
    columns, titles = [given, made], ["given", f"as {direction.to}"]
    if isinstance(direction.model, Translates):
        columns.append(translate(direction.model, made, to="A" if direction.to == "B" else "B"))
        titles.append("back")
    if partners is not None:
        columns.append(partners)
        titles.append("its partner")
    shown = side_by_side(columns)
    size = (shown.shape[3], shown.shape[4])
    write_picture(rows_picture(shown), out, size, f"{len(shown)} rows: {', '.join(titles)}")


def _some(
    opened: Opened, direction: Direction, data: str | None, split: str | None, n: int
) -> tuple[Images, Images | None]:
    """Images to translate, and what belongs to each, if the data are pairs; one set is of the kind given."""
    own = data is None or data == opened.data
    split = split or ("test" if own else "all")
    if own:
        dataset, view = data_for(opened, data), opened.view
    else:
        view = replace(view_of_others(opened), channels=direction.takes[0], degrade=None)  # type: ignore[arg-type]
        dataset = load(str(data), view)
    if view.degrade is not None:
        batch = presented(
            dataset, chosen(dataset, split, n, direction.seed), view, direction.seed, {"images"}
        )
        assert batch.given is not None
        assert batch.given.images is not None
        return batch.given.images, batch.images
    one_set = dataset.given is None and dataset.other is None
    a, b = (dataset, dataset) if one_set else two_domains(dataset)
    source, other = (a, b) if direction.to == "B" else (b, a)
    positions = chosen(source, split, n, direction.seed)
    images = presented(source, positions, view, direction.seed).images
    if dataset.given is None:
        return images, None
    return images, presented(other, positions, view, direction.seed).images


def whole_source(
    opened: Opened,
    direction: Direction,
    data: str | None,
    out: Path,
    *,
    own_scale: bool,
    limit: int | None,
    batch: int,
    overwrite: bool,
) -> None:
    """Every image file of a source, translated, into a folder; what is there from an earlier call is kept."""
    if data is None:
        raise BadInput(f"--out {out}: a folder is for the images of --data DATA; name them, or give NAME.png")
    gallery = gallery_of(data)
    with closing(gallery.files) as files, quiet():
        listed = gallery.list_images()
        members = some_of(listed.members, limit, direction.seed)
        if not members:
            raise BadInput(f"--data {data}: no image files in it")
        names = list(different(safe_name(member.name) for member in members))
        scale = "own" if own_scale else "trained"
        begin(
            out, {**settings(opened, direction), "data": data, "n": limit, "scale": scale}, names, overwrite
        )
        bad = list(listed.skipped) if limit is None else []
        before, began, done = 0, time.perf_counter(), 0
        with progress("translate", len(members)) as tick:
            waiting = [(i, m) for i, m in enumerate(members) if not (out / names[i]).is_file()]
            before = len(members) - len(waiting)
            tick(before)
            for numbers, pictures in groups(files, waiting, opened, direction, own_scale, bad, tick):
                for i, made in zip(
                    numbers, translate_pictures(direction, pictures, numbers, batch), strict=True
                ):
                    save_image(made, out / names[i])
                done += len(numbers)
                tick(len(numbers))
    write_skipped(out, bad)
    report(out, bad, done, before, time.perf_counter() - began)


def settings(opened: Opened, direction: Direction) -> dict[str, Any]:
    """What translations depend on beside what is translated."""
    made = {"to": direction.to, "seed": direction.seed, "temperature": direction.temperature}
    return {"run": str(opened.path), "step": opened.about.get("step"), **made}


def check_counts(n: int | None, batch: int) -> None:
    """BadInput for fewer than one image, or one at a time."""
    if batch < 1 or (n is not None and n < 1):
        raise BadInput(f"-n and --batch must be at least 1, got n={n}, batch={batch}")


def some_of(members: Sequence[Member], n: int | None, seed: int) -> list[Member]:
    """All files, or `n` of them, picked by the seed, in the order of their names."""
    if n is None or n >= len(members):
        return list(members)
    picked = np.random.default_rng(seed_of(seed, "chosen")).permutation(len(members))[:n]
    return [members[i] for i in np.sort(picked)]


def begin(out: Path, about: dict[str, Any], names: Sequence[str], overwrite: bool) -> None:
    """Notes in the folder what fills it; BadInput if it holds something else.

    Args:
        names: of the files that are to be written: begun anew, none of them may be taken for done.
    """
    path = out / _ABOUT
    there = read_json(path) if path.is_file() else None
    if there == about and not overwrite:
        return
    if out.is_dir() and any(out.iterdir()) and not overwrite:
        what = "holds translations by other settings" if there else "is there already and holds other things"
        raise BadInput(f"--out {out}: {what}; give another name, or --overwrite")
    for name in names:
        (out / name).unlink(missing_ok=True)
    write_json(path, json.loads(json.dumps(about)))


def groups(
    files: Files,
    waiting: Sequence[tuple[int, Member]],
    opened: Opened,
    direction: Direction,
    own_scale: bool,
    bad: list[Skipped],
    tick: Tick,
) -> Iterator[tuple[list[int], list[Picture]]]:
    """Pictures that are translated at once, few enough for memory to stay flat, with their numbers."""
    channels, *size = direction.takes
    numbers: list[int] = []
    pictures: list[Picture] = []
    for i, picture in readable(files, waiting, channels, opened, bad, tick):
        numbers.append(i)
        pictures.append(picture if own_scale else at_trained_scale(picture, (size[0], size[1])))
        if sum(p[0, 0].numel() for p in pictures) >= _TOGETHER:
            yield numbers, pictures
            numbers, pictures = [], []
    if pictures:
        yield numbers, pictures


def readable(
    files: Files,
    waiting: Sequence[tuple[int, Member]],
    channels: int,
    opened: Opened,
    bad: list[Skipped],
    tick: Tick,
) -> Iterator[tuple[int, Picture]]:
    """Each file's number and its picture in [0, 1], shape (1, c, h, w), in the run's background.

    Args:
        bad: gets the files that can not be read, and why.
        tick: told of these.
    """
    for i, member in waiting:
        try:
            pixels = at_own_size(files, member, channels, colour(opened.view), PIXEL_LIMIT)
        except Unusable as reason:
            bad.append(Skipped(member.name, str(reason)))
            tick(1)
        else:
            yield i, torch.from_numpy(pixels.copy())[None].float() / 255


def write_skipped(out: Path, bad: Sequence[Skipped]) -> None:
    """A table of the files that were not translated, and why; none if all were."""
    path = out / _SKIPPED
    if not bad:
        path.unlink(missing_ok=True)
        return
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerows([("file", "reason"), *((s.path, s.reason) for s in bad)])
    with atomic(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


def report(out: Path, bad: Sequence[Skipped], done: int, before: int, seconds: float) -> None:
    """What was written, how fast, and what was not."""
    rate = f", {done / seconds:,.1f} images/s" if done and seconds > 0 else ""
    there = f"; {before:,} were there" if before else ""
    wrote(out, f"{done:,} images{rate}{there}")
    say_skipped(bad, out)


def say_skipped(bad: Sequence[Skipped], out: Path) -> None:
    """The files that are missing in a folder, the first of many, and why."""
    for skipped in bad[:_SHOWN]:
        console().print(f"left out: {skipped.path}: {skipped.reason}", markup=False, soft_wrap=True)
    if len(bad) > _SHOWN:
        console().print(f"and {len(bad) - _SHOWN:,} more, in {out / _SKIPPED}", markup=False, soft_wrap=True)

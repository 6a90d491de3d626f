"""What `genzoo translate` takes, and a folder of translations, made picture by picture."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from genzoo.apply.codec.fingerprint import fingerprint
from genzoo.apply.placement import Tick
from genzoo.apply.translate import Direction, Pictures, at_trained_scale, translate_pictures
from genzoo.cli.console import out as console
from genzoo.cli.console import progress, wrote
from genzoo.cli.opened import Opened
from genzoo.cli.skipped import list_skipped
from genzoo.cli.translated import check_outside, check_spares, opened_folder
from genzoo.data.dataset import Skipped
from genzoo.data.decode import at_own_size, quiet
from genzoo.data.degrade import degraded
from genzoo.data.listing import Files, Member, Unusable
from genzoo.data.pixels import colour
from genzoo.data.sources import PIXEL_LIMIT, gallery_of
from genzoo.data.view import SEEN, Degrade
from genzoo.errors import BadInput
from genzoo.images import save_image
from genzoo.random import seed_of
from genzoo.types import Picture

_TOGETHER = 2**20  # pixels that are translated at once, or one picture


@dataclass(frozen=True)
class Taken:
    """What is translated, and by which run.

    Args:
        opened: the run.
        direction: from which kind to which other.
        data: of which the pictures are; None: the run's own.
        as_is: of a run with --degrade: whether they are what it is given, not whole pictures.
    """

    opened: Opened
    direction: Direction
    data: str | None
    as_is: bool = False

    def __post_init__(self) -> None:
        if self.as_is and self.opened.view.degrade is None:
            raise BadInput("--as-is: this run was trained without --degrade and takes data as they are")
        if self.as_is and self.data is None:
            raise BadInput("--as-is: the run's own data are whole pictures; name others by --data DATA")

    @property
    def degrade(self) -> Degrade | None:
        """What is made of whole pictures before a model is given them; None: nothing."""
        return None if self.as_is else self.opened.view.degrade

    @property
    def channels(self) -> int:
        """Of the pictures to read."""
        return self.direction.takes[0] if self.degrade is None else self.opened.model.shape[0]

    def seen(self, pictures: Pictures) -> Pictures:
        """What the model is given of pictures of its size."""
        how = self.degrade
        return pictures if how is None else degraded(pictures, how, self.opened.view.values)

    def say(self) -> None:
        """Prints what a run with --degrade is given."""
        how = self.opened.view.degrade
        if how is None:
            return
        made = f"{SEEN[how]}, made of whole pictures as in training; --as-is takes data that are so already"
        as_is = f"data as they are, taken for what was given in training: {SEEN[how]}"
        console().print(f"given: {as_is if self.as_is else made}", markup=False, soft_wrap=True)


def check_used(
    direction: Direction,
    form: str,
    n: int | None,
    batch: int,
    *,
    temperature: float | None,
    scale: str,
    split: str | None,
) -> None:
    """BadInput for counts below one, and a flag that was given and says nothing about what is to be done."""
    check_counts(n, batch)
    if temperature is not None and not direction.has_noise:
        name = type(direction.model).__name__
        raise BadInput(f"--temperature {temperature:g}: this {name} has no noise; leave it out")
    if form == "picture" and scale != "auto":
        raise BadInput(
            f"--scale {scale}: a page has images of the run's size; leave it out, or give a folder"
        )
    if form == "folder" and split is not None:
        raise BadInput(f"--split {split}: into a folder goes every image of DATA; leave it out")


def whole_source(
    taken: Taken, out: Path, *, scale: str, limit: int | None, batch: int, overwrite: bool
) -> None:
    """Every image file of a source, translated, into a folder; what is there from an earlier call is kept."""
    if taken.data is None:
        raise BadInput(f"--out {out}: a folder is for the images of --data DATA; name them, or give NAME.png")
    gallery = gallery_of(taken.data)
    with closing(gallery.files) as files, quiet():
        check_outside(out, taken.data, Path(gallery.place))
        listed = gallery.list_images()
        members = some_of(listed.members, limit, taken.direction.seed)
        if not members:
            raise BadInput(f"--data {taken.data}: no image files in it")
        own_scale = scale == "own" or (scale == "auto" and taken.opened.view.fit == "patches")
        about = settings(taken) | {"n": limit, "scale": "own" if own_scale else "trained"}
        folder = opened_folder(out, about, [member.name for member in members], overwrite)
        check_spares(folder, taken.data, Path(gallery.place))
        folder.note()
        taken.say()
        bad = list(listed.skipped) if limit is None else []
        began, done = time.perf_counter(), 0
        numbers = {source: i for i, source in enumerate(folder.names)}
        names = list(folder.names.values())
        with progress("translate", len(members)) as tick:
            waiting = [(numbers[m.name], m) for m in members if folder.due(m.name)]
            before = len(members) - len(waiting)
            tick(before)
            for some, pictures in groups(files, waiting, taken, own_scale, bad, tick):
                made = translate_pictures(taken.direction, pictures, some, batch, taken.seen)
                for i, picture in zip(some, made, strict=True):
                    save_image(picture, out / names[i])
                done += len(some)
                tick(len(some))
    folder.finish()
    report(out, bad, done, before, time.perf_counter() - began)
    if not done + before:
        raise BadInput(f"--data {taken.data}: no image in it can be read")


def settings(taken: Taken) -> dict[str, Any]:
    """What translations depend on beside the files that are translated."""
    opened, direction = taken.opened, taken.direction
    run = {
        "run": str(opened.path),
        "weights": fingerprint(opened.model).hex(),
        "step": opened.about.get("step"),
    }
    made = {"to": direction.to, "seed": direction.seed, "temperature": direction.temperature}
    return run | made | {"data": taken.data, "given": "as it is" if taken.degrade is None else taken.degrade}


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


def groups(
    files: Files,
    waiting: Sequence[tuple[int, Member]],
    taken: Taken,
    own_scale: bool,
    bad: list[Skipped],
    tick: Tick,
) -> Iterator[tuple[list[int], list[Picture]]]:
    """Pictures that are translated at once, few enough for memory to stay flat, with their numbers."""
    (_, *size), fit = taken.direction.takes, taken.opened.view.fit
    numbers: list[int] = []
    pictures: list[Picture] = []
    for i, picture in readable(files, waiting, taken.channels, taken.opened, bad, tick):
        numbers.append(i)
        pictures.append(picture if own_scale else at_trained_scale(picture, (size[0], size[1]), fit))
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


def report(out: Path, bad: Sequence[Skipped], done: int, before: int, seconds: float) -> None:
    """What was written, how fast, and what was not."""
    rate = f", {done / seconds:,.1f} images/s" if done and seconds > 0 else ""
    there = f"; {before:,} were there" if before else ""
    wrote(out, f"{done:,} images{rate}{there}")
    list_skipped(bad, out)

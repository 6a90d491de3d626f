"""A page of pictures before and after `genzoo translate`."""

from dataclasses import replace
from pathlib import Path

from genzoo.apply.pictures import rows_picture
from genzoo.apply.translate import Pictures, translate
from genzoo.cli.opened import data_for, split_for, view_of_others
from genzoo.cli.output import write_picture
from genzoo.cli.translating import Taken
from genzoo.data import load
from genzoo.data.batches import chosen, presented
from genzoo.data.dataset import Dataset
from genzoo.data.domains import two_domains
from genzoo.data.sides import sides_of
from genzoo.data.view import SEEN, View
from genzoo.errors import BadInput
from genzoo.images import side_by_side
from genzoo.models.base import Translates


def before_and_after(taken: Taken, split: str | None, n: int, out: Path, *, batch: int) -> None:
    """One row for each of `n` images: given | translated | back | its own partner, where there is one."""
    direction = taken.direction
    given, partners = _some(taken, split, n)
    taken.say()
    made = translate(
        direction.model,
        given,
        to=direction.to,
        temperature=direction.temperature,
        seed=direction.seed,
        batch=batch,
    )
    columns, titles = [given, made], ["given", f"as {direction.to}"]
    if isinstance(direction.model, Translates):
        columns.append(translate(direction.model, made, to="A" if direction.to == "B" else "B", batch=batch))
        titles.append("back")
    if partners is not None:
        columns.append(partners)
        titles.append("its partner")
    shown = side_by_side(columns)
    size = (shown.shape[3], shown.shape[4])
    write_picture(rows_picture(shown), out, size, f"{len(shown)} rows: {', '.join(titles)}")


def _some(taken: Taken, split: str | None, n: int) -> tuple[Pictures, Pictures | None]:
    """Images to translate, and what belongs to each, if the data are pairs; one set is of the kind given."""
    opened, data, seed = taken.opened, taken.data, taken.direction.seed
    own = data is None or data == opened.data
    split = split_for(None if own else data, split)
    if taken.degrade is not None:
        if data is not None and sides_of(data) is not None:
            raise BadInput(
                f"--data {data}: a run with --degrade {taken.degrade} takes whole pictures, not pairs; "
                f"add --as-is if A are {SEEN[taken.degrade]}"
            )
        whole = data_for(opened, data)
        batch = presented(whole, chosen(whole, split, n, seed), opened.view, seed, {"images"})
        assert batch.given is not None
        assert batch.given.images is not None
        return batch.given.images, batch.images
    source, partners, view = _sides(taken, own=own and not taken.as_is)
    positions = chosen(source, split, n, seed)
    images = presented(source, positions, view, seed).images
    return images, None if partners is None else presented(partners, positions, view, seed).images


def _sides(taken: Taken, *, own: bool) -> tuple[Dataset, Dataset | None, View]:
    """The images of the kind given, what belongs to each if data are pairs, and how they are presented."""
    direction, data = taken.direction, str(taken.data)
    (channels, *_), (made, *_) = direction.takes, direction.makes
    view = taken.opened.view if own else replace(view_of_others(taken.opened), degrade=None)
    dataset = data_for(taken.opened, taken.data) if own else load(data, _with_channels(view, channels))
    if dataset.given is None:
        one_set = dataset.other is None
        return dataset if one_set else two_domains(dataset)[direction.to == "A"], None, view
    others = dataset if own or made == channels else load(data, _with_channels(view, made))
    return two_domains(dataset)[direction.to == "A"], two_domains(others)[direction.to == "B"], view


def _with_channels(view: View, channels: int) -> View:
    return replace(view, channels=channels)  # type: ignore[arg-type]

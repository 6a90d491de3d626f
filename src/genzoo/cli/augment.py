"""`genzoo augment`: a labelled synthetic set from a conditional model, and what it adds to a classifier."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from genzoo.cli.options import Data, Device, Mean, Overwrite, Run, Seed
from genzoo.errors import BadInput

if TYPE_CHECKING:
    from rich.table import Table

    from genzoo.cli.opened import Opened
    from genzoo.data.dataset import Dataset
    from genzoo.evaluation.augmentation import Gain

Folder = Annotated[
    Path, tyro.conf.arg(help="A folder for the images, with one folder inside for each class.")
]
PerClass = Annotated[int, tyro.conf.arg(help="Images of each class.")]
Measure = Annotated[
    bool, tyro.conf.arg(help="Train small classifiers with and without the synthetic images, and compare.")
]
Sizes = Annotated[
    tuple[int, ...], tyro.conf.arg(help="With --measure: how many real labelled images; 0 is all.")
]
Seeds = Annotated[int, tyro.conf.arg(help="With --measure: repetitions of each size.")]
Updates = Annotated[int, tyro.conf.arg(help="With --measure: of each classifier, on 64 images.")]


def command(
    run: Run,
    /,
    *,
    out: Folder,
    data: Data = None,
    count: PerClass = 1000,
    mean: Mean = False,
    measure: Measure = False,
    sizes: Sizes = (100, 1000),
    seeds: Seeds = 3,
    updates: Updates = 500,
    seed: Seed = 0,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Write a labelled synthetic set: a folder of images for each class, which `genzoo train` reads as it is.

    With --measure, small classifiers learn from N real images alone and from the same with as many synthetic
    ones in every batch, for the same number of updates, and are tested on real images. OUT/augment.json says
    how the set was made and what was measured.
    """
    from genzoo.cli.console import progress, wrote
    from genzoo.cli.opened import data_for, image_size, open_for
    from genzoo.cli.output import form_of
    from genzoo.files import write_json

    form_of(out, {"folder"}, overwrite=overwrite)
    opened = open_for("augment", run, device)
    image_size(opened)
    names = class_names(opened)
    said: dict[str, Any] = {"run": str(run), "classes": names, "count": count, "seed": seed, "mean": mean}
    if measure:  # first: it says what cannot be measured before anything is written
        said |= measured(opened, data_for(opened, data), (sizes, seeds, updates), count, seed, mean)
    with progress("drawing", count * len(names)) as tick:
        total = write_classes(opened, out, names, count, seed, mean, tick)
    write_json(out / "augment.json", said)
    wrote(out, f"{total:,} images in {len(names)} classes, augment.json")


def class_names(opened: "Opened") -> list[str]:
    """What the classes that a run draws are called; their numbers where that is not known."""
    from genzoo.evaluation.augmentation import classes_drawn

    k = classes_drawn(opened.model)
    return list(opened.classes) if len(opened.classes) == k else [str(i) for i in range(k)]


def measured(
    opened: "Opened",
    dataset: "Dataset",
    budget: tuple[Sequence[int], int, int],
    count: int,
    seed: int,
    mean: bool,
) -> dict[str, Any]:
    """What the synthetic set adds, as JSON; prints it as a table."""
    from genzoo.cli.console import out as console
    from genzoo.cli.console import progress
    from genzoo.evaluation.augmentation import trainings, what_it_adds

    sizes, seeds, updates = budget
    options: Any = {"seeds": seeds, "updates": updates, "count": count, "seed": seed, "mean": mean}
    with progress("training classifiers", updates * trainings(sizes, seeds)) as tick:
        wanted = [n or None for n in sizes]
        gains = what_it_adds(opened.model, dataset, view=opened.view, sizes=wanted, tick=tick, **options)
    console().print(gain_table(gains, f"{opened.path} on {dataset.name} test"))
    about = {"data": dataset.name, "seeds": seeds, "updates": updates}
    return about | {"gains": [gain.to_json() for gain in gains]}


def write_classes(
    opened: "Opened", out: Path, names: Sequence[str], count: int, seed: int, mean: bool, tick: Any
) -> int:
    """One folder of PNG files for each class; returns how many."""
    from genzoo.evaluation.augmentation import draw_class
    from genzoo.images import save_image

    total = 0
    for label, name in enumerate(names):
        folder, number = out / folder_name(name), 0
        for images in draw_class(opened.model, label, count, seed=seed, mean=mean, tick=tick):
            for i in range(len(images)):
                save_image(images[i : i + 1], folder / f"{number:05d}.png")
                number += 1
        total += number
    return total


def folder_name(name: str) -> str:
    """A class's name as that of a folder.

    >>> folder_name("cat/tabby"), folder_name("7")
    ('cat_tabby', '7')
    """
    cleaned = "".join("_" if c in '/\\:*?"<>|' or not c.isprintable() else c for c in name).strip(". ")
    if not cleaned:
        raise BadInput(f"the class {name!r} has no name that a folder can have")
    return cleaned


def gain_table(gains: "Sequence[Gain]", title: str) -> "Table":
    """One row for each number of real images."""
    from rich.markup import escape
    from rich.table import Table

    first = gains[0]
    caption = f"accuracy on {first.n:,} real images, mean ± standard error over {first.seeds} seeds"
    drawn = Table(title=escape(title), caption=caption, box=None, padding=(0, 2, 0, 0))
    for name in ("real images", "real alone", "half synthetic", "gain"):
        drawn.add_column(name, justify="right")
    for gain in gains:
        labels = "all" if gain.labels is None else "none" if gain.labels == 0 else f"{gain.labels:,}"
        sign = "+" if gain.gain is not None and gain.gain >= 0 else ""
        drawn.add_row(
            labels,
            number(gain.real, gain.real_stderr),
            number(gain.both, gain.both_stderr),
            sign + number(gain.gain, gain.gain_stderr),
        )
    return drawn


def number(value: float | None, stderr: float | None) -> str:
    """A share with its error."""
    if value is None:
        return ""
    return f"{value:.4f}" + (f" ± {stderr:.4f}" if stderr is not None else "")

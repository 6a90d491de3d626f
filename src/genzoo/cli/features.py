"""`genzoo features`: train the features that samples are measured in, and write them to a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from genzoo.cli.data import Channels, Size, Source
from genzoo.cli.options import Device, Out, Overwrite, Seed
from genzoo.errors import BadInput

if TYPE_CHECKING:
    from rich.table import Table

    from genzoo.evaluation.features import Described

_UNLABELLED = (
    "no labels of two classes or more to learn from; its samples are measured in fixed random features: "
    "--features random-conv, which needs no file"
)
Budget = Annotated[int | None, tyro.conf.arg(help="Images seen in training; chosen by the set's size.")]


def command(
    source: Source,
    /,
    *,
    out: Out,
    size: Size = None,
    channels: Channels = None,
    images: Budget = None,
    seed: Seed = 0,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Train a small classifier on labelled images and write its features to --out NAME.safetensors.

    `genzoo evaluate RUN --features NAME.safetensors` measures samples in them, on any machine by the same
    ruler. Without labels there is nothing to train: --features random-conv needs no file.
    """
    from genzoo.cli.console import out as console
    from genzoo.cli.console import progress, wrote
    from genzoo.data import View, load, parse_size
    from genzoo.evaluation.features import classes_to_learn, classifier, save_extractor, training_budget
    from genzoo.evaluation.features.labelled import cached_at
    from genzoo.training.trainer import choose_device

    _check(out, images, overwrite)
    where = choose_device(device)
    dataset = load(source, View(parse_size(size) if size else None, channels))
    if classes_to_learn(dataset) < 2:
        raise BadInput(f"{source}: {_UNLABELLED}")
    budget = images or training_budget(dataset)
    cached = cached_at(dataset, seed=seed, images=budget)
    with progress("training", budget) as tick:
        found = classifier(dataset, seed=seed, images=budget, device=where, tick=tick)
    save_extractor(found, out)
    console().print(facts(found, cached))
    wrote(out, f"{out.stat().st_size / 2**20:.1f} MiB")
    console().print(
        f"measure samples in them: genzoo evaluate RUN --features {out}", soft_wrap=True, markup=False
    )


def _check(out: Path, images: int | None, overwrite: bool) -> None:
    if out.suffix != ".safetensors":
        raise BadInput(f"--out {out}: expected a name ending in .safetensors")
    if out.exists() and not overwrite:
        raise BadInput(f"--out {out}: is there already; give another name, or --overwrite")
    if images is not None and images < 1:
        raise BadInput(f"--images must be at least 1, got {images}")


def facts(found: "Described", cached: Path) -> "Table":
    """What the features are and how well their classifier does, one line each."""
    from rich.markup import escape
    from rich.table import Table

    about: dict[str, Any] = dict(found.about)
    shares = ", ".join(f"{share:.2%} ({how})" for how, share in about["accuracy"].items())
    rows = {
        "features": found.label,
        "data": f"{about['data']}, images {'x'.join(map(str, about['shape']))}",
        "classes": str(len(about["classes"])),
        "accuracy": f"{shares} on {about['items']:,} items of {about['split']}",
        "training": f"{about['images_seen']:,} images seen in {about['seconds']:.0f} s",
        "cache": str(cached),
    }
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, text in rows.items():
        table.add_row(f"[bold]{name}[/bold]", escape(text))
    return table

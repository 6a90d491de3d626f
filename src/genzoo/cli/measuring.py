"""Measuring runs, or images that other software made, for the command line: numbers, notes, a document."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape

from genzoo import __version__
from genzoo.cli.console import out as console
from genzoo.cli.console import progress
from genzoo.cli.opened import data_for, open_run
from genzoo.cli.results import document, tables
from genzoo.cli.ruler import Ruler
from genzoo.data import View, load
from genzoo.data.dataset import Dataset
from genzoo.errors import BadInput
from genzoo.evaluation import Evaluation, Ledger, Subject, evaluate, quality_of
from genzoo.evaluation.cost import Cost
from genzoo.evaluation.features import extractor_for, training_budget
from genzoo.evaluation.quality import images_seen
from genzoo.report.compare import Comparison, compare
from genzoo.training.distributed import joined, rank
from genzoo.training.folder import config_of
from genzoo.training.trainer import choose_device


def measured_run(run: Path, data: str | None, how: Ruler) -> dict[str, Any] | None:
    """Measures a run, prints its numbers, and returns them as a document.

    Under `torchrun` the processes share the work; the first one speaks, and the others return None.
    """
    with joined(choose_device(how.device)):
        opened = open_run(run, how.device)
        dataset = data_for(opened, data)
        subject = Subject(opened.model, dataset, opened.view, None, how.features, config_of(run))
        found = evaluate(
            subject,
            how.protocol(),
            groups=how.groups(),
            ledger=Ledger(run),
            again=how.again,
            batch=how.batch,
            watch=progress,
        )
        if rank():
            return None
    _say(found, str(run))
    return document(opened, data, found.results, found.notes, found.cost)


def _say(found: Evaluation, title: str) -> None:
    say = console().print
    for table in tables(found.results, title):
        say(table)
    if found.cost is not None:
        for name, words in Cost.from_json(found.cost).in_words():
            say(f"[bold]{escape(name)}[/bold]  {escape(words)}", soft_wrap=True)
    for note in found.notes:
        say(escape(note), soft_wrap=True)


def measured_images(images: Path, data: str | None, how: Ruler) -> dict[str, Any]:
    """Measures images that other software made against real ones: sample quality alone."""
    if data is None:
        raise BadInput(f"{images}: not a run; if these are images, --data DATA names the real ones")
    if set(how.measure) - {"quality"}:
        raise BadInput(f"{images}: images alone have nothing but their quality to measure")
    real = load(data)
    if real.kind != "images":
        raise BadInput(f"--data {data}: holds {real.kind}, not images")
    size: Any = real.shape[1:]
    channels: Any = real.shape[0]
    made = load(str(images), View(size=size, channels=channels))
    found = _quality(made, real, how)
    for table in tables(found.results, str(images)):
        console().print(table)
    notes = [found.note] if found.note else []
    for note in notes:
        console().print(escape(note), soft_wrap=True)
    return {
        "images": str(images),
        "data": data,
        "results": [r.to_json() for r in found.results],
        "notes": notes,
        "genzoo": __version__,
    }


def _quality(made: Dataset, real: Dataset, how: Ruler) -> Any:
    with progress("features", training_budget(real)) as tick:
        extractor = extractor_for(real, how.features, device=choose_device(how.device), tick=tick)
    with progress("images", images_seen(real, len(made), how.split)) as tick:
        return quality_of(made, real, extractor, split=how.split, seed=how.seed, batch=how.batch, tick=tick)


def compared(runs: Sequence[Path], data: str | None, how: Ruler) -> Comparison:
    """Measures several runs, as far as they were not measured before."""
    return compare(
        runs,
        data,
        protocol=how.protocol(),
        groups=how.groups(),
        features=how.features,
        device=how.device,
        again=how.again,
        batch=how.batch,
        watch=progress,
    )

"""A run opened for use: its model, the view of the data it was trained on, and items seen that way."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from genzoo.apply import given_labels
from genzoo.cli.verbs import DRAWN, VERBS, use_of
from genzoo.data import BUILTIN, load
from genzoo.data.batches import Batches, chosen, in_order
from genzoo.data.dataset import Dataset
from genzoo.data.scaling import Scaling
from genzoo.data.series import PREFIX as SERIES
from genzoo.data.series import load_series
from genzoo.data.sides import sides_of
from genzoo.data.view import View
from genzoo.errors import BadInput, nearest
from genzoo.models import Model, abilities, capabilities, catalogue, load_model, read_spec
from genzoo.training.trainer import choose_device
from genzoo.types import Batch, Given


@dataclass(frozen=True)
class Opened:
    """A saved model and what its run remembers.

    Args:
        path: the run's folder.
        model: in evaluation mode, on its device.
        view: how the items it was trained on were presented.
        data: what it was trained on, as it was named; None if that is not known.
        classes: the names of the classes of that data.
        about: everything in spec.json.
    """

    path: Path
    model: Model
    view: View
    data: str | None = None
    classes: tuple[str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)


def open_run(path: Path, device: str = "auto") -> Opened:
    """The run in a folder."""
    if not path.exists():
        siblings = path.parent.iterdir() if path.parent.is_dir() else ()
        names = [str(sibling) for sibling in siblings if (sibling / "spec.json").is_file()]
        raise BadInput(f"{path}: no such run{nearest(str(path), names) if names else ''}")
    about = read_spec(path)
    model = load_model(path, device=choose_device(device))
    view = View.from_json(about["view"]) if about.get("view") else View()
    return Opened(path, model, view, about.get("data"), tuple(about.get("classes") or ()), about)


def open_for(verb: str, path: Path, device: str = "auto") -> Opened:
    """The run in a folder; BadInput, naming the models that can, if it cannot do what `verb` takes."""
    run = open_run(path, device)
    able_to = capabilities(run.model)
    if not VERBS[verb].possible(able_to):
        use = use_of(run.view)
        if verb in DRAWN and use != verb and VERBS[use].possible(able_to):
            raise BadInput(f"{path}: this run was not trained to {verb}; genzoo {use} {path} is what it can")
        made_by = VERBS[verb].made_by
        able = "" if made_by else ", ".join(models_that_can(verb))
        others = f"`{made_by}` makes a run that can" if made_by else f"models that can: {able}"
        needed = VERBS[verb].needed()
        why = "" if needed == verb else f" (that takes {needed})"
        raise BadInput(f"{path}: {type(run.model).__name__} cannot {verb}{why}; {others}")
    return run


def models_that_can(verb: str) -> list[str]:
    """Names of the registered models that can do `verb`."""
    return [name for name in catalogue() if VERBS[verb].possible(abilities(name))]


def view_of_others(run: Opened) -> View:
    """The run's view with its model's size and channels, where the run kept those of its own data."""
    if len(run.model.shape) != 3:
        return run.view
    c, h, w = run.model.shape
    channels = run.view.channels or {1: 1, 3: 3, 4: 4}.get(c)
    return replace(run.view, size=run.view.size or (h, w), channels=channels)  # type: ignore[arg-type]


def view_of_sides(run: Opened) -> View:
    """The run's view for data of two sides: each side keeps its channels, and its size if they differ."""
    _, h, w = run.model.shape
    given = getattr(run.model, "condition_shape", run.model.shape)
    alike = tuple(given[1:]) == (h, w)
    return replace(run.view, size=(h, w)) if alike and run.view.size is None else run.view


def data_for(run: Opened, source: str | None) -> Dataset:
    """The data named on the command line, or the run's own, as the run sees data."""
    if source is None and run.data is None:
        raise BadInput(f"{run.path}: does not say what it was trained on; give --data DATA")
    own = source is None or source == run.data
    source = source or str(run.data)
    if run.about.get("scaling") and not own and source not in BUILTIN:
        scaling = Scaling.from_json(run.about["scaling"])  # in the units that the run was trained in
        dataset = load_series(Path(source.removeprefix(SERIES)), view_of_others(run), scaling)
    else:
        others = view_of_sides if len(run.model.shape) == 3 and sides_of(source) else view_of_others
        dataset = load(source, run.view if own else others(run))
    if dataset.shape != run.model.shape:
        expected, got = ("x".join(map(str, shape)) for shape in (run.model.shape, dataset.shape))
        raise BadInput(f"--data {source}: items are {got}, this {type(run.model).__name__} takes {expected}")
    return dataset


def split_for(source: str | None, split: str | None) -> str:
    """The split that was asked for, or else all of named data, and of a run's own the test split."""
    return split or ("test" if source is None else "all")


def some_items(run: Opened, source: str | None, split: str, n: int, seed: int) -> Batch:
    """`n` items of a split (all of it if it has fewer), picked by `seed`."""
    if n < 1:
        raise BadInput(f"-n must be at least 1, got {n}")
    dataset = data_for(run, source)
    n = min(n, len(dataset.split(split)))
    return Batches(dataset, split, view=run.view, size=n, seed=seed, requires=run.model.requires).at(0)


def conditions(
    run: Opened, n: int, label: str | None, data: str | None = None, *, seed: int = 0
) -> Given | None:
    """The conditions of `n` new items: the class called, or numbered, `label`; what is left of test images.

    Args:
        data: whose test images, by default the run's own.
        seed: of which ones.
    """
    if run.model.requires == {"images"} and label is None:
        dataset = data_for(run, data)
        positions = np.resize(chosen(dataset, "test", n, seed), n)
        return next(in_order(dataset, positions, view=run.view, size=n, seed=seed, requires={"images"})).given
    if data is not None:
        raise BadInput(f"--data {data}: {type(run.model).__name__} is not given pictures; leave it out")
    if label is None:
        return given_labels(run.model, n)
    if label in run.classes:
        return given_labels(run.model, n, run.classes.index(label))
    if not label.lstrip("-").isdecimal():
        hint = nearest(label, run.classes) if run.classes else "; expected a class number"
        raise BadInput(f"--label {label}: no class of this name{hint}")
    return given_labels(run.model, n, int(label))


def image_size(run: Opened) -> tuple[int, int]:
    """Height and width of the run's images; BadInput if its items are no images."""
    if len(run.model.shape) != 3:
        shape = "x".join(map(str, run.model.shape))
        raise BadInput(f"{run.path}: its items are {shape}, not images, so there is no picture of them")
    return run.model.shape[1], run.model.shape[2]

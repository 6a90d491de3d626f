"""genzoo in five lines: train, load, evaluate."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from genzoo.data import Dataset
from genzoo.data import load as load_data
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation import Evaluation, Extractor, Ledger, Protocol, Subject
from genzoo.evaluation import evaluate as measured
from genzoo.evaluation.watching import judge_for
from genzoo.models import Model, entry_of, load_model, read_spec
from genzoo.objectives import Objective
from genzoo.recipes import Recipe
from genzoo.recipes.options import recipe_for
from genzoo.recipes.resolve import override, recipe_of, resolve, resolve_source, resolve_view
from genzoo.training.config import Config, resumable
from genzoo.training.folder import RunFolder, config_of, fresh_folder
from genzoo.training.trainer import Trained, choose_device, train_run

__all__ = ["Trained", "evaluate", "load", "prepare", "train"]


def prepare(
    what: str | Model | None,
    data: str | Path | Dataset | None = None,
    *,
    origin: str | Path | None = None,
    objective: Objective[Any] | None = None,
    strict: bool = False,
    options: Mapping[str, Any] | None = None,
) -> tuple[Config, Dataset]:
    """The configuration and the data of a run, before anything is written; see `train`."""
    flags = {k: v for k, v in (options or {}).items() if v is not None}
    recipe = _recipe(what, origin)
    view = resolve_view(recipe, flags)
    source = data.name if isinstance(data, Dataset) else resolve_source(recipe, data)
    dataset = data if isinstance(data, Dataset) else load_data(source, view, strict=strict)
    config = resolve(recipe, dataset, source, flags, origin=str(origin) if origin else None)
    if isinstance(what, Model):
        config = replace(config, model=what.spec)
    if objective is not None:
        config = replace(config, objective=objective.spec)
    return config, dataset


def _recipe(what: str | Model | None, origin: str | Path | None = None) -> Recipe:
    if isinstance(what, str):
        return recipe_for(what)
    if what is None:
        folder = RunFolder(origin or "")
        if origin is None or not folder.exists:
            raise BadInput(
                f"{origin}: not a run folder to begin from"
                if origin
                else "name a recipe or a model to train; `genzoo models` lists them"
            )
        return recipe_of(folder.config())
    model, entry = what, entry_of(what)
    if entry is None:
        raise BadInput(f"{type(model).__name__} is not registered; decorate it with @genzoo.register(…)")
    arguments = {k: v for k, v in model.spec.items() if k not in ("class", "shape", "levels")}
    return Recipe(entry.name, tables={"model": {"name": entry.name, **arguments}})


def train(
    what: str | Model | None = None,
    data: str | Path | Dataset | None = None,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    origin: str | Path | None = None,
    objective: Objective[Any] | None = None,
    device: str = "auto",
    strict: bool = False,
    quiet: bool = False,
    save_every: float = 30.0,
    **options: Any,
) -> Trained:
    """Trains a model and leaves a run folder; BadInput, before anything is written, for what cannot be used.

    Args:
        what: a recipe, recipe file (*.toml), registered name, or model; with `origin` the earlier run's own.
        data: a folder, archive, array file, built-in name or data set; the recipe's own by default.
        out: the run folder; by default runs/NAME, or runs/NAME-2, … if that is taken.
        resume: go on with the run in `out`; `images` or `minutes` may be raised, nothing else changed.
        origin: a run whose weights to begin from (`--from` on the command line).
        objective: another game than the recipe's.
        device: auto, cpu, cuda or mps.
        strict: a bad file among the data is an error.
        quiet, save_every: show no progress; seconds between checkpoints.
        options: any option of the recipe by its flat name: images, minutes, batch, lr, seed, size,
            channels, levels, binarize, a constructor argument such as latent, …
    """
    choose_device(device)  # a wrong name is known before any data are read
    how: Any = {"device": device, "quiet": quiet, "save_every": save_every}
    if resume:
        name = _recipe(what).name if what is not None else None
        where = out if out is not None else Path("runs") / (name or "")
        return _resume(where, name, data, options, strict=strict, **how)
    name = _recipe(what, origin).name
    folder = Path(out) if out is not None else fresh_folder(name)
    RunFolder(folder).check_new()
    config, dataset = prepare(what, data, origin=origin, objective=objective, strict=strict, options=options)
    return train_run(config, dataset, folder, judge=partial(judge_for, dataset=dataset), **how)


def _resume(
    out: str | Path,
    asked: str | None,
    data: str | Path | Dataset | None,
    options: Mapping[str, Any],
    *,
    strict: bool,
    **how: Any,
) -> Trained:
    """Goes on with a run: its own configuration, compared with what the user gives again."""
    folder = RunFolder(out)
    if not folder.exists:
        raise BadInput(f"{out}: no run to resume here; name it with --out, or leave --resume out")
    old = folder.config()
    if asked is not None and asked != old.name:
        raise BadInput(f"{out}: --resume goes on with {old.name}, not with {asked}")
    if isinstance(data, Dataset):
        source, dataset = data.name, data
    else:
        source = str(data) if data is not None else old.data
        dataset = load_data(source, old.view, strict=strict)
    flags = {k: v for k, v in options.items() if v is not None}
    new = override(replace(old, data=source), recipe_of(old), flags)
    config = resumable(old, new)
    if dataset.fingerprint != folder.about()["data_fingerprint"]:
        raise BadInput(f"{out}: {source} has changed since the run began; train a new run, with --from {out}")
    return train_run(config, dataset, out, resume=True, judge=partial(judge_for, dataset=dataset), **how)


def load(run: str | Path, *, best: bool = False, device: str | torch.device = "cpu") -> Model:
    """The trained model of a run folder, in evaluation mode.

    Args:
        best: the weights at the best validation, instead of the last ones.
    """
    folder = Path(run) / "best" if best else Path(run)
    return load_model(folder, device=device)


def evaluate(
    run: str | Path,
    data: str | Path | Dataset | None = None,
    *,
    measure: Collection[str] | None = None,
    protocol: Protocol | None = None,
    features: Extractor | str | None = None,
    device: str = "auto",
    again: bool = False,
) -> Evaluation:
    """Everything that can be said of a run's model, each number with its kind and protocol.

    Numbers are kept in the run's `results/`; what is there is not measured again.

    Args:
        run: a run folder.
        data: on what; by default the data it was trained on, and always under the run's own view.
        measure: likelihood, quality, coverage, translation, completion, representation, cost; by default
            all that the model has, but completions only of one that does not sample.
        protocol: split, seed, numbers of draws, samples and labels.
        features: the net whose features samples are compared in; by default what suits the data.
        device: auto, cpu, cuda or mps.
        again: measure anew what was measured before.
    """
    about = read_spec(run)
    view = View.from_json(about["view"]) if about.get("view") else View()
    source = data if data is not None else about.get("data")
    if source is None:
        raise BadInput(f"{run}: does not say what it was trained on; give data")
    dataset = source if isinstance(source, Dataset) else load_data(str(source), view)
    model = load(run, device=choose_device(device))
    subject = Subject(model, dataset, view, None, features, config_of(run))
    return measured(subject, protocol, groups=measure, ledger=Ledger(run), again=again)

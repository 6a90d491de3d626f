"""From a configuration and a data set to a trained model in a run folder: start, resume, stop, finish."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from genzoo.configurable import build
from genzoo.data.dataset import Dataset
from genzoo.data.view import View as DataView
from genzoo.errors import BadInput
from genzoo.models import Model, catalogue, load_model
from genzoo.objectives import build_objective
from genzoo.objectives.likelihood import NegativeLogLikelihood
from genzoo.random import seeded
from genzoo.training import distributed
from genzoo.training.config import Config
from genzoo.training.folder import RunFolder
from genzoo.training.keeper import Keeper
from genzoo.training.loop import Hook, NonFiniteError, fit
from genzoo.training.progress import View, duration
from genzoo.training.run import Run, start
from genzoo.training.settings import Settings
from genzoo.training.stopping import polite_stop

Judges = Callable[[Model], float]  # of the model's samples, down is better
MakesJudge = Callable[[Model, DataView, Settings], Judges | None]


@dataclass(frozen=True)
class Trained:
    """What training gives back.

    Args:
        model: as it was saved (the averaged one if the run averages), in evaluation mode.
        folder: where the run is.
        config: its resolved configuration.
        stopped: the signal that stopped it before its budget was spent.
    """

    model: Model
    folder: Path
    config: Config
    stopped: signal.Signals | None = None

    @property
    def log(self) -> list[dict[str, Any]]:
        """The log's lines."""
        return RunFolder(self.folder).log()


def choose_device(name: str = "auto") -> torch.device:
    """The device that a name means: `auto` is CUDA when it is there, else the CPU."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    kind = name.partition(":")[0]
    if kind not in available:
        raise BadInput(f"--device must be auto, cpu, cuda or mps, got {name!r}")
    if not available[kind]:
        raise BadInput(f"--device {name}: this machine has none; use --device auto")
    if name == "cuda" and "LOCAL_RANK" in os.environ:
        name = f"cuda:{os.environ['LOCAL_RANK']}"
    return torch.device(name)


def assemble(config: Config, dataset: Dataset, device: torch.device) -> Run:
    """A run at step 0: model and objective built from their specs under the seed."""
    settings = config.settings
    catalogue()
    with seeded(settings.seed, "init"):
        model = build(dict(config.model)).to(device)
    if model.shape != dataset.shape:
        raise BadInput(f"the model is for items of shape {model.shape}, {dataset.name} has {dataset.shape}")
    objective = build_objective(dict(config.objective))
    if dataset.known is not None and not isinstance(objective, NegativeLogLikelihood):
        name = type(objective).__name__
        raise BadInput(f"{dataset.name} has unknown values, {name} needs all; train an autoregressive model")
    batches = objective.batches(
        dataset, view=config.view, size=settings.batch, seed=settings.seed, requires=model.requires
    )
    players = {name: config.optimizer_of(name) for name in objective.players(model)}
    unknown = set(config.optimizers) - set(players) - {""}
    if unknown:
        raise BadInput(f"no player is called {unknown.pop()!r}; this game has {', '.join(players)}")
    if settings.deterministic:
        torch.use_deterministic_algorithms(True)
    return start(model, objective, batches, settings, players)


def take_weights(model: nn.Module, weights: Mapping[str, torch.Tensor]) -> list[str]:
    """Copies every weight whose name and shape fit; returns a line for each that did not."""
    own, misfits = model.state_dict(), []
    for name in sorted(own.keys() | weights.keys()):
        if name not in weights:
            misfits.append(f"{name}: not in the earlier run, starts fresh")
        elif name not in own:
            misfits.append(f"{name}: not in this model, left out")
        elif own[name].shape != weights[name].shape:
            was, now = tuple(weights[name].shape), tuple(own[name].shape)
            misfits.append(f"{name}: {was} does not fit {now}, starts fresh")
        else:
            own[name].copy_(weights[name])
    if len(misfits) >= len(own.keys() | weights.keys()):
        raise BadInput("--from: not one weight of the earlier run fits this model")
    return misfits


def begin_from(run: Run, origin: str | Path, view: View) -> None:
    """Starts from the weights of an earlier run and lists what did not fit."""
    misfits = take_weights(run.model, load_model(origin).state_dict())
    if run.average:
        run.average.model.load_state_dict(run.model.state_dict())
    for line in misfits:
        view.say(f"--from {origin}: {line}")
    view.say(f"--from {origin}: took every {'other ' if misfits else ''}weight")


def train_run(
    config: Config,
    dataset: Dataset,
    folder: str | Path,
    *,
    device: str = "auto",
    resume: bool = False,
    quiet: bool = False,
    save_every: float = 30.0,
    judge: MakesJudge | None = None,
) -> Trained:
    """Trains until the budget is spent or somebody asks to stop; everything is saved either way.

    Args:
        judge: makes what says how good samples are, where a game of several players has no such loss.

    Raises:
        BadInput: for a folder that is taken or settings that do not fit the data.
        NonFiniteError: naming step and term; the last checkpoint is intact.
    """
    files, where = RunFolder(folder), choose_device(device)
    if not resume:
        files.check_new()
    with distributed.joined(where):
        run = assemble(config, dataset, where)
        keeper, main = Keeper(run, files, describe(config, dataset), save_every), distributed.rank() == 0
        with View(config.name, quiet=quiet or not main) as view:
            introduce(keeper, config, dataset, view)
            if judge is not None and len(run.optimizers) > 1:
                keeper.appoint(judge(run.model, config.view, config.settings))
            if resume and files.exists:
                go_on(keeper, config, view)
            else:
                if config.origin:
                    begin_from(run, config.origin, view)
                if main:
                    files.create(config, dataset.shape, dataset.fingerprint)
            stopped = play_out(keeper, view, main)
        model = run.learned() if main else run.model
    return Trained(model.eval(), files.path, config, stopped)


def introduce(keeper: Keeper, config: Config, dataset: Dataset, view: View) -> None:
    """Lets the keeper speak, and says what one should know before the run starts."""
    keeper.say = view.say
    for line in notices(keeper.run, config, dataset):
        view.say(line)


def notices(run: Run, config: Config, dataset: Dataset) -> Iterator[str]:
    """What one should know before a run starts: files that are left out, phases that are not reached."""
    if dataset.skipped:
        first, n = dataset.skipped[0], len(dataset.skipped)
        more = f" and {n - 1:,} more; genzoo data {config.data} lists them" if n > 1 else ""
        yield f"left out of {dataset.name}: {first.path}: {first.reason}{more}"
    if run.settings.images is not None:
        said = run.objective.unreached(run.model, run.settings.images)
        if said:
            yield said


def describe(config: Config, dataset: Dataset) -> dict[str, Any]:
    """What spec.json says beside the model: how to present any other data as this run saw its own.

    Channels and size of the data are said where there is one kind of image; two kinds have each their own.
    """
    view = config.view
    if dataset.kind == "images" and dataset.given is None and dataset.other is None:
        channels, height, width = dataset.shape
        kept = DataView.from_json(view.to_json() | {"channels": channels})
        view = replace(kept, size=(height, width))
    about = {"view": view.to_json(), "data": config.data, "name": config.name}
    scaling = {"scaling": dataset.scaling.to_json()} if dataset.scaling else {}
    return about | {"classes": list(dataset.classes)} | scaling


def go_on(keeper: Keeper, config: Config, view: View) -> None:
    """Restores the newest checkpoint, if there is one yet."""
    run, files = keeper.run, keeper.folder
    threads = files.about()["machine"]["threads"]
    if threads != torch.get_num_threads():
        view.say(f"the run had {threads} threads, now {torch.get_num_threads()}: not bit for bit the same")
    state = files.load_state()
    if state is None:
        view.say(f"{files.path}: no checkpoint yet, starting anew")
        if config.origin:
            begin_from(run, config.origin, view)
        return
    keeper.restore(state)
    view.say(f"{files.path}: going on from step {run.step}, {run.images_seen:,} images seen")
    if distributed.rank() == 0:
        files.update_config(config)


def play_out(keeper: Keeper, view: View, main: bool) -> signal.Signals | None:
    """Plays until the budget is spent or a signal asks to stop; saves and says how to go on."""
    run, path = keeper.run, keeper.folder.path
    hooks: list[Hook] = [keeper, view] if main else []
    if run.settings.compile:
        for child in run.model.children():
            child.compile()
    with polite_stop() as request:
        try:
            fit(run, hooks=hooks, stop=lambda: request() or keeper.exhausted)
        except NonFiniteError as error:
            view.say(
                f"stopped: {error}. The last checkpoint in {path} is intact; try a smaller --lr or --clip 1"
            )
            raise
        if not main:
            return request.signal
        if keeper.exhausted:
            keeper.save()
            view.say(f"{path}: no better for {keeper.since} milestones, stopped; the best is in {path}/best")
        elif not run.finished:
            keeper.save()
            view.say(f"stopped at step {run.step} and saved; go on with: genzoo train --resume --out {path}")
        else:
            spent = f"{run.images_seen:,} images in {duration(run.seconds)}"
            view.say(f"{path}: {spent} (+ {duration(keeper.aside)} for pictures and validation)")
    return request.signal

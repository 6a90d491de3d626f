"""A run: a model, the rules, one optimizer a player, and everything else that must survive a restart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from genzoo.data.batches import Batches
from genzoo.models import Model
from genzoo.objectives import Objective
from genzoo.random import seeded
from genzoo.training import distributed
from genzoo.training.ema import Average, refresh_batch_norm
from genzoo.training.settings import OptimizerSettings, Settings
from genzoo.types import Batch


def make_optimizer(settings: OptimizerSettings, parameters: Iterable[nn.Parameter]) -> Optimizer:
    """The optimizer that `settings` describes, over those of `parameters` that learn."""
    learning = [p for p in parameters if p.requires_grad]
    lr, decay = settings.lr, settings.weight_decay
    match settings.name:
        case "adam":
            return Adam(learning, lr=lr, betas=settings.betas, weight_decay=decay, fused=True)
        case "adamw":
            return AdamW(learning, lr=lr, betas=settings.betas, weight_decay=decay, fused=True)
        case "sgd":
            return SGD(learning, lr=lr, momentum=settings.momentum, weight_decay=decay)
        case "rmsprop":
            return RMSprop(learning, lr=lr, momentum=settings.momentum, weight_decay=decay)


@dataclass
class Run:
    """Everything that one training loop needs, for any game.

    Args:
        moves_drawn: batches drawn so far; data order is a function of (seed, moves_drawn).
        images_seen: real images drawn so far, over all moves and processes.
        seconds: spent in steps so far, over all restarts; pictures and measurements not included.
    """

    model: Model
    objective: Objective[Any]
    optimizers: Mapping[str, Optimizer]
    batches: Batches
    settings: Settings
    optimizer_settings: Mapping[str, OptimizerSettings]
    average: Average | None = None
    step: int = 0
    moves_drawn: int = 0
    images_seen: int = 0
    seconds: float = 0.0

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.model.like.device

    @property
    def spent(self) -> float:
        """What the run has used of its budget, in the budget's unit: images, or minutes."""
        return self.images_seen if self.settings.images is not None else self.seconds / 60

    @property
    def finished(self) -> bool:
        """Whether the budget is spent."""
        return self.spent >= self.settings.budget

    def draw(self) -> Batch:
        """This process's part of the next batch, on the model's device."""
        batch = self.batches.at(self.moves_drawn, distributed.rank(), distributed.world())
        self.moves_drawn += 1
        self.images_seen += self.batches.size
        return self.place(batch)

    def place(self, batch: Batch) -> Batch:
        """The batch on the model's device, in its type and memory format."""
        batch = batch.map(self.model.placed)
        if self.settings.channels_last and batch.images.ndim == 4:
            images = batch.images.contiguous(memory_format=torch.channels_last)
            return Batch(images, batch.given, batch.target, batch.known, batch.index)
        return batch

    def learned(self) -> Model:
        """What is saved and measured: the averaged model if there is one, its statistics re-estimated."""
        if self.average is None:
            return self.model
        model = self.average.model
        assert isinstance(model, Model)
        refresh_batch_norm(
            model,
            self.objective,
            lambda i: self.place(self.batches.at(i)),
            step=self.step,
            seed=self.settings.seed,
        )
        return model

    def state_dict(self) -> dict[str, Any]:
        """Tensors and JSON values from which `load_state_dict` goes on bit for bit."""
        state = {
            "step": self.step,
            "moves_drawn": self.moves_drawn,
            "images_seen": self.images_seen,
            "seconds": self.seconds,
            "model": dict(self.model.state_dict()),
            "objective": self.objective.state_dict(),
            "optimizers": {name: o.state_dict() for name, o in self.optimizers.items()},
        }
        return state | ({"average": dict(self.average.model.state_dict())} if self.average else {})

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes back what `state_dict` gave."""
        self.step, self.moves_drawn = state["step"], state["moves_drawn"]
        self.images_seen, self.seconds = state["images_seen"], state["seconds"]
        self.model.load_state_dict(state["model"])
        self.objective.load_state_dict(state["objective"])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        if self.average:
            self.average.model.load_state_dict(state["average"])


def start(
    model: Model,
    objective: Objective[Any],
    batches: Batches,
    settings: Settings,
    optimizers: Mapping[str, OptimizerSettings] | OptimizerSettings,
) -> Run:
    """A run at step 0, with one optimizer a player and the objective begun.

    Args:
        optimizers: one for every player, or by player's name.
    """
    if settings.channels_last:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    players = {name: list(ps) for name, ps in objective.players(model).items()}
    chosen = (
        dict.fromkeys(players, optimizers) if isinstance(optimizers, OptimizerSettings) else dict(optimizers)
    )
    made = {name: make_optimizer(chosen[name], ps) for name, ps in players.items()}
    run = Run(model, objective, made, batches, settings, chosen)
    with seeded(settings.seed, "begin"):
        objective.begin(model, run.place(batches.at(0)))
    if settings.ema:
        run.average = Average(model, settings.ema)
    return run

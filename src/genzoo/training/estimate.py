"""A dry run: shapes, parameters, memory and time of a run, from a few turns that are thrown away."""

import time
from dataclasses import dataclass

import torch
from torch import Tensor

from genzoo.training.loop import play
from genzoo.training.run import Run


@dataclass(frozen=True)
class Estimate:
    """What a run will need.

    Args:
        shape: of one item.
        parameters: numbers learned, by player.
        weights_bytes: of the model.
        optimizer_bytes: of gradients, moments and the averaged model.
        activation_bytes: kept for the backward passes of one turn.
        seconds_per_turn: median of the turns tried.
        turns: in the budget, None when the budget is in minutes.
        images_per_second: real images drawn.
    """

    shape: tuple[int, ...]
    parameters: dict[str, int]
    weights_bytes: int
    optimizer_bytes: int
    activation_bytes: int
    seconds_per_turn: float
    turns: int | None
    images_per_second: float

    @property
    def seconds(self) -> float | None:
        """Of the whole run; None when the budget is in minutes."""
        return self.turns * self.seconds_per_turn if self.turns is not None else None


def saved_bytes(run: Run) -> int:
    """Plays one turn and adds up what autograd kept for backward passes, parameters left out."""
    known = {p.untyped_storage().data_ptr() for p in run.model.parameters()}
    sizes: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        play(run)
    return sum(sizes.values())


def estimate(run: Run, turns: int = 3) -> Estimate:
    """Plays `turns` + 1 turns of a fresh run, which is spoilt by it."""
    run.model.train()
    activations = saved_bytes(run)
    seen, seconds = run.images_seen, []
    for _ in range(turns):
        began = time.perf_counter()
        play(run)
        seconds.append(time.perf_counter() - began)
    per_turn = sorted(seconds)[len(seconds) // 2]
    images = (run.images_seen - seen) // turns
    state = [t for o in run.optimizers.values() for s in o.state.values() for t in s.values()]
    weights = sum(t.nbytes for t in run.model.state_dict().values())
    gradients = sum(p.nbytes for p in run.model.parameters() if p.requires_grad)
    moments = sum(t.nbytes for t in state if isinstance(t, Tensor))
    budget = run.settings.images
    players = {name: sum(p.numel() for p in ps) for name, ps in run.objective.players(run.model).items()}
    return Estimate(
        shape=run.model.shape,
        parameters=players,
        weights_bytes=weights,
        optimizer_bytes=gradients + moments + (weights if run.average else 0),
        activation_bytes=activations,
        seconds_per_turn=per_turn,
        turns=-(-budget // images) if budget is not None else None,
        images_per_second=images / per_turn,
    )

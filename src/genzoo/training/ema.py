"""A running average of the weights: what is saved and measured, while training goes on from the last ones."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from genzoo.objectives.base import Objective
from genzoo.random import seeded
from genzoo.types import Batch

_BatchNorm = torch.nn.modules.batchnorm._BatchNorm


class Average:
    """Exponential moving average of a model's parameters; buffers are copied (Polyak & Juditsky, 1992).

    The decay of step t is min(decay, (1 + t) / (10 + t)), so that a young average forgets its first
    weights; it is a pure function of the step.

    Args:
        model: what is averaged; `Average.model` is its twin.
        decay: close to 1.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.model = copy.deepcopy(model).requires_grad_(False).eval()

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Takes in the weights after step `step`."""
        decay = min(self.decay, (1 + step) / (10 + step))
        ours = [p.detach() for p in self.model.parameters()]
        torch._foreach_lerp_(ours, [p.detach() for p in model.parameters()], 1 - decay)
        for mine, its in zip(self.model.buffers(), model.buffers(), strict=True):
            mine.copy_(its)


def refresh_batch_norm(
    model: nn.Module,
    objective: Objective[Any],
    batch_at: Callable[[int], Batch],
    *,
    step: int,
    seed: int,
    batches: int = 8,
) -> None:
    """Re-estimates batch-norm statistics for averaged weights, which they were not collected under.

    The game is played for a few turns without descending, and the statistics averaged over them.
    """
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    if not norms:
        return
    memory, momenta = copy.deepcopy(objective.state_dict()), [m.momentum for m in norms]
    for m in norms:
        m.reset_running_stats()
        m.momentum = None  # a plain mean over all that follows
    model.train()
    for i in range(batches):
        with seeded(seed, "batch norm", i), torch.enable_grad():
            batch = batch_at(i)
            for update in objective.turn(model, step):
                update.loss(model, batch)
    model.eval()
    for m, momentum in zip(norms, momenta, strict=True):
        m.momentum = momentum
    objective.load_state_dict(memory)

"""The training loop. There is one, and it does not know what a GAN is."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from operator import itemgetter
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from genzoo.objectives import Update
from genzoo.random import seeded, sharded
from genzoo.training import distributed
from genzoo.training.run import Run
from genzoo.types import Batch, Loss

Losses = Mapping[str, Mapping[str, float]]  # player → term → value, of the step's last move
Hook = Callable[[Run, Losses], None]


class NonFiniteError(ArithmeticError):
    """A loss or a gradient became infinite or not a number; nothing was descended on it."""

    def __init__(self, step: int, player: str, term: str, value: float) -> None:
        super().__init__(f"step {step}: the {player}'s {term} is {value}")
        self.step, self.player, self.term, self.value = step, player, term, value


def fit(run: Run, *, hooks: Iterable[Hook] = (), stop: Callable[[], bool] = lambda: False) -> None:
    """Plays turns until the budget is spent or `stop` says so; hooks run after each turn.

    Raises:
        NonFiniteError: naming step, player and term, before anything is spoilt.
    """
    run.model.train()
    while not run.finished and not distributed.any_process(stop(), run.device):
        began = time.perf_counter()
        losses = play(run)
        (run.seconds,) = distributed.agreed([run.seconds + time.perf_counter() - began], run.device)
        for hook in hooks:
            hook(run, losses)


def play(run: Run) -> Losses:
    """One turn: every move that the objective asks for."""
    factor = run.settings.lr_factor(run.step, run.spent)
    for name, optimizer in run.optimizers.items():
        for group in optimizer.param_groups:
            group["lr"] = run.optimizer_settings[name].lr * factor
    losses: dict[str, dict[str, float]] = {}
    batch, moves = run.draw(), 0
    for update in run.objective.turn(run.model, run.step):
        for move in range(update.repeat):
            batch = run.draw() if move else batch
            terms = make_move(run, update, batch, moves)
            moves += 1
            if terms is not None:
                losses[update.player] = terms
    if run.average:
        run.average.update(run.model, run.step)
    run.step += 1
    return losses


def make_move(run: Run, update: Update[Any], batch: Batch, move: int) -> dict[str, float] | None:
    """One move: gradients of each part of the batch, averaged across processes, then one descent.

    The noise is drawn for the joined batch under (seed, step, move) and sliced, so that neither the number
    of processes nor that of parts changes what is drawn.
    """
    settings, optimizer = run.settings, run.optimizers[update.player]
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    optimizer.zero_grad()  # of gradients that are not of this run
    parts, rank, world = settings.accumulate, distributed.rank(), distributed.world()
    total: dict[str, float] = {}
    for i, part in enumerate(split(batch, parts)):
        with seeded(settings.seed, run.step, move), sharded(rank * parts + i, world * parts):
            for loss in losses_of(run, update, part):
                if loss is None:
                    return None
                for term, value in named_terms(loss).items():
                    number = float(value.detach())
                    if not math.isfinite(number):
                        raise NonFiniteError(run.step, update.player, term, number)
                    total[term] = total.get(term, 0.0) + number / parts
                (loss.total / parts).backward(inputs=parameters)  # builds no other player's gradients
    total["gradient_norm"] = descend(run, update.player, optimizer, parameters)
    if update.after:
        update.after(run.model)
    return total


def losses_of(run: Run, update: Update[Any], batch: Batch) -> Iterator[Loss | None]:
    """A move's loss, or its parts one by one, in the run's precision, which a backward pass is not under."""
    if update.parts is None:
        with precise(run):
            loss = update.loss(run.model, batch)
        yield loss
        return
    parts = update.parts(run.model, batch)
    while True:
        with precise(run):
            part = next(parts, None)
        if part is None:
            return
        yield part


def descend(run: Run, player: str, optimizer: Optimizer, parameters: list[torch.nn.Parameter]) -> float:
    """Averages, checks and clips the gradient, steps the optimizer; returns the norm before clipping."""
    distributed.average_gradients(parameters)
    norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    value = float(norm)
    if not math.isfinite(value):
        raise NonFiniteError(run.step, player, "gradient norm", value)
    if run.settings.clip:
        torch.nn.utils.clip_grads_with_norm_(parameters, run.settings.clip, norm)
    optimizer.step()
    optimizer.zero_grad()  # now, so that the next player's move has the memory
    return value


def split(batch: Batch, parts: int) -> list[Batch]:
    """The batch as `parts` equal ones."""
    if parts == 1:
        return [batch]
    size = len(batch) // parts
    rows = [slice(i * size, (i + 1) * size) for i in range(parts)]
    return [batch.map(itemgetter(here)) for here in rows]


def named_terms(loss: Loss) -> dict[str, Tensor]:
    """The loss's terms with its total, which is called `loss`."""
    return {**loss.terms, "loss": loss.total}


def precise(run: Run) -> Any:
    """The autocast of the run's precision."""
    if run.settings.precision == "float32":
        return nullcontext()
    return torch.autocast(run.device.type, dtype=torch.bfloat16)

"""What happens between steps: the log, pictures and validation at milestones, checkpoints by the clock."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from genzoo.data.batches import chosen, in_order
from genzoo.errors import BadInput
from genzoo.images import centre, grid, save_image, side_by_side
from genzoo.models import Model
from genzoo.models.base import Completes, Decodes, Encodes, Samples, Translates, evaluating
from genzoo.objectives import Health
from genzoo.random import seeded
from genzoo.training.folder import RunFolder
from genzoo.training.loop import Losses
from genzoo.training.run import Run
from genzoo.types import Batch, Picture

MILESTONES = 20  # in a budget
PICTURED = 16  # samples in a milestone's picture
WATCHED = 256  # items of it that say how the game is going
VALIDATED = 512  # items of the validation split
EARLY = 0.25  # of the budget, in which a game may still find its feet: nothing is warned of


@dataclass
class Keeper:
    """Writes a run's files as it goes; a hook of the loop, on the process of rank 0.

    Pictures and measurements never touch what is trained, so when they happen does not change the weights.

    Args:
        about: what is written beside the portable model.
        save_every: seconds between checkpoints.
        log_every: steps between lines of the log; the first step always has one.
        say: where warnings go.
        judge: a number of the model's samples, down is better, for games whose losses say nothing of them.
    """

    run: Run
    folder: RunFolder
    about: dict[str, Any]
    save_every: float = 30.0
    log_every: int = 20
    say: Callable[[str], None] = lambda line: None
    judge: Callable[[Model], float] | None = None
    best: float = math.inf
    since: int = 0  # milestones since the best one
    milestone: int = 0
    aside: float = 0.0  # seconds spent on pictures and validation
    warned: set[str] = field(default_factory=set)  # kinds of warnings that were said
    saved_at: float = field(default_factory=time.monotonic)

    def __call__(self, run: Run, losses: Losses) -> None:
        """After each step."""
        if run.step == 1 or run.step % self.log_every == 0 or run.finished:
            self.folder.append(self.line(losses))
        reached = self.reached
        if reached > self.milestone or run.step == 1:
            self.milestone = reached
            self.at_milestone()
        if run.finished or time.monotonic() - self.saved_at > self.save_every:
            self.save()

    def appoint(self, judge: Callable[[Model], float] | None) -> None:
        """Who judges samples from now on; BadInput where a run waits in vain for what nobody says."""
        if judge is None and self.run.settings.patience:
            raise BadInput(
                f"--patience {self.run.settings.patience} goes by what --judge says of samples, and here it "
                "says nothing: leave it out, or hold out more images for validation"
            )
        self.judge = judge

    def line(self, losses: Losses) -> dict[str, Any]:
        """A line of the log."""
        run = self.run
        flat = {f"{player}/{term}": v for player, terms in losses.items() for term, v in terms.items()}
        return {
            "step": run.step,
            "images_seen": run.images_seen,
            "seconds": round(run.seconds, 3),
            "lr": next(iter(run.optimizers.values())).param_groups[0]["lr"],
            **flat,
        }

    def at_milestone(self) -> None:
        """A picture and a validation; the best model so far is kept."""
        run, began = self.run, time.perf_counter()
        model = run.learned()
        picture = samples_picture(model, run)
        sampled = time.perf_counter() - began
        if picture is not None:
            path = self.folder.path / "samples" / f"{run.step:08d}.png"
            save_image(picture, path, scale=2 if picture.shape[-1] < 400 else 1)
        value = validate(model, run) if self.judge is None else self.judge(model)
        health = health_of(model, run)
        self.aside += time.perf_counter() - began
        line: dict[str, Any] = {
            "step": run.step,
            "images_seen": run.images_seen,
            "sampling_seconds": round(sampled, 3),
        }
        line |= health.numbers
        if run.spent >= EARLY * run.settings.budget:
            line |= {"warnings": list(health.warnings.values())} if health.warnings else {}
            for kind in health.warnings.keys() - self.warned:
                self.say(f"warning: {health.warnings[kind]}")
            self.warned |= health.warnings.keys()
        if value is not None:
            line["validation"] = value
            self.since += 1
            if value < self.best:
                self.best, self.since = value, 0
                self.folder.save_model(model, self.about | self.where() | {"validation": value}, "best")
        self.folder.append(line)

    def where(self) -> dict[str, Any]:
        """How far the run is, for spec.json."""
        run = self.run
        return {"step": run.step, "images_seen": run.images_seen, "seconds": round(run.seconds, 1)}

    def save(self) -> None:
        """Resume state, then the portable model."""
        state = {"run": self.run.state_dict(), "best": self.best, "since": self.since}
        self.folder.save_state(state | {"step": self.run.step, "aside": self.aside})
        self.folder.save_model(self.run.learned(), self.about | self.where())
        self.saved_at = time.monotonic()

    def restore(self, state: dict[str, Any]) -> None:
        """Takes back what `save` wrote."""
        self.run.load_state_dict(state["run"])
        self.best, self.aside, self.since = state["best"], state["aside"], state["since"]
        self.milestone = self.reached  # of the budget as it is now, which may have been raised

    @property
    def reached(self) -> int:
        """Milestones of the budget that are passed."""
        return int(MILESTONES * min(1.0, self.run.spent / self.run.settings.budget))

    @property
    def exhausted(self) -> bool:
        """Whether no milestone has been better for as long as the run has patience."""
        return 0 < self.run.settings.patience <= self.since


def held_out(run: Run) -> int:
    """Items of the validation split; of two sets the fewer."""
    beside = run.batches.beside
    kinds = [run.batches.dataset, *([beside.dataset] if beside is not None else [])]
    return min(len(data.splits["val"]) for data in kinds)


def validation_batch(run: Run, n: int) -> Batch:
    """Some items of the validation split, the same ones each time; of two sets as many of each kind."""
    beside, seed = run.batches.beside, run.settings.seed
    found = [
        next(in_order(data, chosen(data, "val", n, seed), size=n, **_view(run)))
        for data in (run.batches.dataset, *([beside.dataset] if beside is not None else []))
    ]
    if beside is None:
        return found[0]
    least = min(len(batch) for batch in found)
    items, others = (batch.map(lambda t: t[:least]) for batch in found)
    return replace(items, target=others.images)


def _view(run: Run) -> dict[str, Any]:
    batches = run.batches
    return {"view": batches.view, "requires": batches.requires, "seed": run.settings.seed}


def samples_picture(model: Model, run: Run) -> Picture | None:
    """Samples on fixed noise, else fixed images and their reconstructions; None if neither can be shown."""
    if len(model.shape) != 3 or not held_out(run):
        return None
    batch = run.place(validation_batch(run, PICTURED))
    with seeded(run.settings.seed, "picture"), evaluating(model):
        if isinstance(model, Translates):
            return there_and_back(model, batch)
        if isinstance(model, Samples):
            samples = model.sample(len(batch), batch.given)
            given = batch.given.images if batch.given is not None else None
            if given is not None and given.shape[2:] == samples.shape[2:]:
                return rows_of([given, samples, batch.images])
            return grid(samples)
        if isinstance(model, Completes):
            known = torch.ones_like(batch.images[:, :1], dtype=torch.bool)
            known[:, :, *centre(known.shape[2], known.shape[3])] = False
            hidden = torch.where(known, batch.images, 0.5)
            return rows_of([hidden, model.complete(batch.images, known, batch.given), batch.images])
        if isinstance(model, Encodes) and isinstance(model, Decodes):
            rebuilt = model.decode(model.encode(batch.images, batch.given), batch.given).clamp(0, 1)
            pairs = rearrange([batch.images, rebuilt], "two b c h w -> (b two) c h w")
            return grid(pairs, columns=8)
    return None


def there_and_back(model: Translates, batch: Batch) -> Picture:
    """Images of kind A | as B | back, then those of kind B | as A | back."""
    assert batch.target is not None
    pages = []
    for images, to, back in ((batch.target, "B", "A"), (batch.images, "A", "B")):
        there = model.translate(images, to)
        pages.append(rows_of([images, there, model.translate(there, back)]))
    return torch.cat(pages, 2)


def rows_of(columns: Sequence[Float[Tensor, "b _ h w"]]) -> Picture:
    """A picture with a row for each item and a column for each view of it, four items side by side."""
    return grid(side_by_side(columns).flatten(0, 1), columns=4 * len(columns))


def health_of(model: Model, run: Run) -> Health:
    """How the game is going on some validation items."""
    if not held_out(run):
        return Health()
    batch = run.place(validation_batch(run, WATCHED))
    with seeded(run.settings.seed, "health"), evaluating(model):
        return run.objective.health(model, batch)


def validate(model: Model, run: Run) -> float | None:
    """The mean loss on validation items; None for games of several players, which have no such number."""
    if len(run.optimizers) > 1 or not held_out(run):
        return None
    total, n = 0.0, 0
    with seeded(run.settings.seed, "validation"), evaluating(model):
        positions = chosen(run.batches.dataset, "val", VALIDATED, run.settings.seed)
        for raw in in_order(run.batches.dataset, positions, **_view(run)):
            batch = run.place(raw)
            (update,) = run.objective.turn(model, run.step)
            loss = update.loss(model, batch)
            if loss is not None:
                total, n = total + float(loss.total) * len(batch), n + len(batch)
    return total / n if n else None

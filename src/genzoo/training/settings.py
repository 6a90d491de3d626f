"""How a run trains: budget, optimizers, schedule and options, as plain data."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from genzoo.errors import BadInput

Schedule = Literal["constant", "linear", "half-linear", "cosine"]
Precision = Literal["float32", "bfloat16"]
Judged = Literal["none", "random-conv", "classifier"]


@dataclass(frozen=True)
class OptimizerSettings:
    """One player's optimizer.

    Args:
        name: the rule.
        lr: learning rate, before the schedule.
        betas: of adam and adamw.
        momentum: of sgd and rmsprop.
        weight_decay: L2 (decoupled for adamw).
    """

    name: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    momentum: float = 0.0
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        if not (self.lr > 0 and math.isfinite(self.lr)):
            raise BadInput(f"--lr must be a positive number, got {self.lr}")


@dataclass(frozen=True)
class Settings:
    """Budget, batches, schedule and options of a run.

    Args:
        images: budget in images seen: real images drawn, over all moves.
        minutes: budget in minutes of training; give this or `images`.
        batch: images a move sees, over all processes.
        seed: of initial weights, order, binarization and noise.
        schedule: of the learning rate over `horizon`, down to zero but for constant; half-linear begins to
            fall in the middle.
        horizon: images (or minutes) over which the schedule runs: the budget, also when it was raised, unless
            more was given; then it is the first part of a longer run.
        warmup: steps over which the learning rate rises from zero.
        ema: decay of the running average of the weights that is saved and measured; 0 for none.
        clip: largest norm of a player's gradient; 0 for no clipping.
        accumulate: parts that a batch is split into to save memory; the gradient stays the batch's.
        precision: bfloat16 runs the forward pass in autocast.
        compile: compile the networks with torch.compile (some 10–40 s at the start).
        channels_last: store images and convolutions channels last.
        deterministic: only deterministic kernels, also on CUDA.
        judge: features in which samples of a game of several players, whose losses say nothing of them, are
            compared with held-out images at each milestone; the best is kept. "none": they are not.
        patience: milestones without a better one after which training stops; 0: it goes on.
    """

    images: int | None = None
    minutes: float | None = None
    batch: int = 64
    seed: int = 0
    schedule: Schedule = "constant"
    horizon: float | None = None
    warmup: int = 0
    ema: float = 0.0
    clip: float = 0.0
    accumulate: int = 1
    precision: Precision = "float32"
    compile: bool = False
    channels_last: bool = False
    deterministic: bool = False
    judge: Judged = "random-conv"
    patience: int = 0

    def __post_init__(self) -> None:
        if (self.images is None) == (self.minutes is None):
            raise BadInput("give the budget as either --images N or --minutes M")
        if self.budget <= 0:
            flag = "--minutes" if self.images is None else "--images"
            raise BadInput(f"{flag} must be positive, got {self.budget:g}")
        if not 0 <= self.ema < 1:
            raise BadInput(f"--ema must be at least 0 and below 1, got {self.ema}")
        if self.accumulate < 1 or self.batch < 1 or self.batch % self.accumulate:
            raise BadInput(
                f"--batch {self.batch} must be positive and divide into --accumulate {self.accumulate} parts"
            )
        if self.judge not in get_args(Judged):
            raise BadInput(f"--judge must be none, random-conv or classifier, got {self.judge!r}")
        if self.patience < 0:
            raise BadInput(f"--patience must be at least 0, got {self.patience}")
        if self.clip < 0 or self.warmup < 0:
            raise BadInput(f"--clip and --warmup must not be negative, got {self.clip} and {self.warmup}")

    @property
    def budget(self) -> float:
        """The budget in its own unit: images or minutes."""
        return self.images if self.images is not None else (self.minutes or 0)

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    def lr_factor(self, step: int, spent: float) -> float:
        """What the learning rate is multiplied by: a pure function of the step and the budget spent.

        >>> s = Settings(images=100, horizon=100, schedule="cosine", warmup=10)
        >>> [round(s.lr_factor(step, images), 3) for step, images in ((0, 0), (9, 0), (50, 50), (90, 100))]
        [0.1, 1.0, 0.5, 0.0]
        >>> s = Settings(images=100, schedule="half-linear")
        >>> [s.lr_factor(0, images) for images in (0, 50, 75, 100)]
        [1.0, 1.0, 0.5, 0.0]
        """
        rise = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        done = min(1.0, spent / (self.horizon or self.budget))
        fall = {
            "constant": 1.0,
            "linear": 1 - done,
            "half-linear": min(1.0, 2 - 2 * done),
            "cosine": (1 + math.cos(math.pi * done)) / 2,
        }
        return rise * fall[self.schedule]

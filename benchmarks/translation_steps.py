"""`python -m benchmarks.translation_steps`: steps of pix2pix and CycleGAN beside hand-written ones.

Images of 256x256 in three channels, one of each kind a step, the papers' nets and Adam at 2e-4: see
`benchmarks.plain_translation`. All start from the same weights and see the same images and dropout: see
`benchmarks.race`. Ratios are of CPU time, and on CUDA of time.
"""

import argparse
from functools import partial
from itertools import count
from typing import Any

import numpy as np
import torch

from benchmarks import plain_translation
from benchmarks.measure import given, record
from benchmarks.race import Losses, Step, arguments, race, times_as_fast
from genzoo.data import Dataset, View
from genzoo.models import Model
from genzoo.models.adversarial.cyclegan import CycleGAN
from genzoo.models.adversarial.pix2pix import Pix2Pix
from genzoo.objectives import Objective
from genzoo.objectives.cycle import CycleConsistency
from genzoo.objectives.translation import PairedTranslation
from genzoo.training.loop import Losses as Played
from genzoo.training.loop import play
from genzoo.training.run import start
from genzoo.training.settings import OptimizerSettings, Settings
from genzoo.types import Batch

SIZE, IMAGES = 256, 8
PLAIN = "by hand"
OURS: dict[str, dict[str, Any]] = {
    "genzoo": {},
    "genzoo, channels last": {"channels_last": True},
    "genzoo, channels last, bfloat16": {"channels_last": True, "precision": "bfloat16"},
    "genzoo, channels last, bfloat16, compiled": {
        "channels_last": True,
        "precision": "bfloat16",
        "compile": True,
    },
}
DEFAULT = {"cpu": [*OURS][:3], "cuda": [*OURS]}


def pix2pix(losses: Played) -> Losses:
    """In the order of `plain_translation.Pix2Pix`."""
    critic, generator = losses["critic"], losses["generator"]
    mean = generator["loss"] / (1 + plain_translation.L1)
    return critic["real"], critic["fake"], generator["l1"], mean


def cyclegan(losses: Played) -> Losses:
    """In the order of `plain_translation.CycleGAN`, whose verdicts are twice ours."""
    moved, paid = losses["translators"], losses["critics"]
    names = [f"{term}_{kind}" for term in ("verdict", "cycle", "identity") for kind in "BA"]
    verdicts, rest = [2 * moved[name] for name in names[:2]], [moved[name] for name in names[2:]]
    return (*verdicts, *rest, *(paid[f"{term}_{kind}"] for kind in "BA" for term in ("real", "fake")))


READ = {"pix2pix": pix2pix, "cyclegan": cyclegan}


def parts(game: str, size: int, **sizes: int) -> tuple[Model, Objective[Any]]:
    """A game's model and rules, with data as they are."""
    shape = (3, size, size)
    if game == "pix2pix":
        return Pix2Pix(shape, picture=shape, **sizes), PairedTranslation(jitter=0.0, mirror=False)
    return CycleGAN(shape, picture=shape, **sizes), CycleConsistency(jitter=0.0, mirror=False)


def noise(size: int) -> Dataset:
    """Pairs of images that no net can learn."""
    images, pictures = np.random.default_rng(0).integers(0, 256, (2, IMAGES, 3, size, size), dtype=np.uint8)
    return Dataset("noise", "images", images, {"train": np.arange(IMAGES)}, given=pictures)


def as_seen(batch: Batch, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """A picture and an image, or one of kind A and one of kind B, in [−1, 1]."""
    source = batch.target if batch.given is None else batch.given.images
    assert source is not None
    return 2 * source.to(device) - 1, 2 * batch.images.to(device) - 1


def contender(game: str, name: str, device: torch.device) -> Step:
    """Takes one training step each time it is called."""
    torch.manual_seed(0)
    ours, rules = parts(game, SIZE)
    requires: frozenset[str] = getattr(ours, "requires", frozenset())
    batches = rules.batches(noise(SIZE), view=View(), size=1, seed=0, requires=requires)
    if name == PLAIN:
        plain = plain_translation.Pix2Pix if game == "pix2pix" else plain_translation.CycleGAN
        step = plain(ours, device)
        ready = [as_seen(batches.at(move), device) for move in range(IMAGES)]
        turn = count()
        return lambda: step(*ready[next(turn) % len(ready)])
    settings = Settings(images=10**9, batch=1, **OURS[name])
    run = start(ours.to(device), rules, batches, settings, OptimizerSettings(lr=2e-4, betas=(0.5, 0.999)))
    run.model.train()
    if settings.compile:
        for child in run.model.children():
            child.compile()
    return lambda: READ[game](play(run))


def measured(game: str, options: argparse.Namespace) -> dict[str, Any]:
    """A game's race."""
    names = [PLAIN, *(options.only or DEFAULT[options.device])]
    difference, results = race(partial(contender, game), names, options)
    times_as_fast(results, [PLAIN], "ms_per_step" if options.device == "cuda" else "cpu_ms_per_step")
    for name, found in results.items():
        print(f"{game}, {name}: {found}", flush=True)
    return {"first_step_loss_difference": difference, "results": results}


def main() -> None:
    """Measures and writes benchmarks/results/translation-steps.json."""
    parser = arguments("python -m benchmarks.translation_steps", __doc__, steps=1, rounds=7)
    parser.add_argument("--games", nargs="+", choices=[*READ], default=[*READ])
    parser.add_argument("--only", nargs="*", choices=[*OURS], help="of genzoo's; on a CPU none compiled")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    about = {"device": options.device, "batch": 1, "size": SIZE}
    games = {game: measured(game, options) for game in options.games}
    print(record("translation-steps", about | {"games": games}, given("translation_steps")))


if __name__ == "__main__":
    main()

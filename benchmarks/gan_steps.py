"""`python -m benchmarks.gan_steps`: a DCGAN's training step beside two hand-written ones.

Images of 64x64, z of 100 numbers, 64 to 512 channels, batches of 64, Adam at 2e-4. All start from the same
weights and see the same images and noise: see `benchmarks.race`.
"""

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
import torch

from benchmarks.measure import given, record
from benchmarks.plain_dcgan import LATENT, WIDTH, Losses, Toggled, Tutorial
from benchmarks.race import Step, arguments, race, times_as_fast
from genzoo.data import Batches, Dataset
from genzoo.models.adversarial.gan import GAN
from genzoo.objectives.adversarial import Adversarial
from genzoo.training.loop import play
from genzoo.training.run import start
from genzoo.training.settings import OptimizerSettings, Settings

BATCH, IMAGES = 64, 512
PLAIN: dict[str, Callable[[GAN, torch.device], Any]] = {"tutorial": Tutorial, "toggled": Toggled}
OURS: dict[str, dict[str, Any]] = {
    "genzoo": {},
    "genzoo, channels last": {"channels_last": True},
    "genzoo, channels last, bfloat16": {"channels_last": True, "precision": "bfloat16"},
}


def contender(name: str, device: torch.device) -> Step:
    """Takes one training step each time it is called."""
    pixels = np.random.default_rng(0).integers(0, 256, (IMAGES, 3, 64, 64), dtype=np.uint8)
    batches = Batches(Dataset("noise", "images", pixels, {}), "all", size=BATCH)
    torch.manual_seed(0)
    ours = GAN((3, 64, 64), net="dcgan", latent=LATENT, width=WIDTH)
    if name in PLAIN:
        step = PLAIN[name](ours, device)
        ready = [2 * batches.at(move).images.to(device) - 1 for move in range(IMAGES // BATCH)]
        turn = count()
        return lambda: step(ready[next(turn) % len(ready)])
    settings = Settings(images=10**9, batch=BATCH, **OURS[name])
    adam = OptimizerSettings(lr=2e-4, betas=(0.5, 0.999))
    run = start(ours.to(device), Adversarial("non-saturating"), batches, settings, adam)
    run.model.train()

    def one() -> Losses:
        losses = play(run)
        return losses["critic"]["real"], losses["critic"]["fake"], losses["generator"]["loss"]

    return one


def main() -> None:
    """Measures and writes benchmarks/results/gan-steps.json."""
    parser = arguments("python -m benchmarks.gan_steps", __doc__, steps=3, rounds=9)
    parser.add_argument("--only", nargs="*", choices=[*OURS], default=[*OURS], help="of genzoo's")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    difference, results = race(contender, [*PLAIN, *options.only], options)
    times_as_fast(results, PLAIN)
    for name, found in results.items():
        print(f"{name}: {found}", flush=True)
    about = {"device": options.device, "batch": BATCH, "first_step_loss_difference": difference}
    command = given("gan_steps")
    print(record("gan-steps", about | {"results": results}, command))


if __name__ == "__main__":
    main()

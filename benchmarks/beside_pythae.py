"""`python -m benchmarks.beside_pythae`: the same variational autoencoders in genzoo and in pythae 0.1.2.

Needs `pip install pythae==0.1.2` in an environment of its own, beside genzoo. Both libraries train in one
process, in turn. Time is given as CPU seconds of the process and as the clock's: on one thread they are the
same on a machine that does nothing else, and on a busy one the clock counts other people's work.
"""

import argparse
import logging
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pythae.data.datasets import BaseDataset
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from torch import Tensor

from benchmarks.measure import given, interleaved, record
from benchmarks.pythae_nets import NETS, check_taken, our_vae, their_vae
from benchmarks.reaching import Seconds, reach
from genzoo.data import Batches, Dataset, View, load
from genzoo.objectives.variational import NegativeELBO
from genzoo.training.loop import play
from genzoo.training.run import Run, start
from genzoo.training.settings import OptimizerSettings, Settings

BATCH = 100
STEPS = {"mlp": 60, "conv": 12, "pythae-conv": 1}  # in a round


def our_run(name: str, dataset: Dataset, *, anew: bool = False, **settings: Any) -> Run:
    """A run of ours, ready to play, on pixels that were binarized once, as pythae's are, or are so `anew`."""
    batches = Batches(dataset, view=View(binarize="dynamic" if anew else "none"), size=BATCH)
    how = Settings(images=10**9, batch=BATCH, **settings)
    run = start(our_vae(name), NegativeELBO(), batches, how, OptimizerSettings(lr=1e-3))
    run.model.train()
    return run


def their_trainer(name: str, images: Tensor, folder: str, *, bar: bool) -> BaseTrainer:
    """A trainer of pythae on pixels that were binarized once, ready for its `train_step`, which is an epoch.

    Args:
        bar: with the progress bar that it always shows; without it nothing is printed or logged.
    """
    config = BaseTrainerConfig(output_dir=folder, per_device_train_batch_size=BATCH, learning_rate=1e-3)
    dataset = BaseDataset(images, torch.ones(len(images)))
    trainer = BaseTrainer(their_vae(name), dataset, training_config=config)
    trainer.prepare_training()
    if not bar:
        trainer.callback_handler.callbacks = []
    return trainer


def clocked(work: Callable[[], Any]) -> Callable[[], float]:
    """The same work; gives its CPU seconds."""

    def run() -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    return run


def steps_of(name: str, dataset: Dataset, folder: str, rounds: int) -> dict[str, Any]:
    """Training steps a second of each library's own loop, data included."""
    steps = STEPS[name]
    once = replace(dataset, items=np.where(dataset.items < 128, 0, 255).astype(np.uint8))
    images = Batches(once, size=BATCH * steps).at(0).images
    runs = {
        "genzoo": our_run(name, once),
        "genzoo, binarized anew each step": our_run(name, dataset, anew=True),
        "genzoo, bfloat16": our_run(name, once, precision="bfloat16"),
    }
    trainers = {
        "pythae": their_trainer(name, images, folder, bar=False),
        "pythae, progress bar": their_trainer(name, images, folder, bar=True),
    }
    contenders = {who: clocked(lambda r=run: [play(r) for _ in range(steps)]) for who, run in runs.items()}
    contenders |= {who: clocked(lambda t=trainer: t.train_step(1)) for who, trainer in trainers.items()}
    found = interleaved(contenders, rounds)
    rates = {
        who: {
            "steps_per_cpu_second": round(steps / statistics.median(cpu for _, cpu in calls), 2),
            "steps_per_second": round(steps / statistics.median(wall for wall, _ in calls), 2),
        }
        for who, calls in found.items()
    }
    ours = rates["genzoo"]
    ratios = {key: round(ours[key] / rates["pythae"][key], 2) for key in ours}
    return {"net": NETS[name], "batch": BATCH, "rates": rates, "ratio": ratios}


def main() -> None:
    """Measures and writes benchmarks/results/beside-pythae.json and beside-pythae-reach.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.beside_pythae", description=__doc__)
    parser.add_argument(
        "--data", default="mnist", help="any DATA of 28x28 grey images; aliases look in $GENZOO_DATA"
    )
    parser.add_argument("--nets", nargs="*", choices=[*NETS], default=[*NETS])
    parser.add_argument("--rounds", type=int, default=9, help="of training steps; 0: skip")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--targets", type=float, nargs="*", default=[-115, -110, -106, -103, -100])
    parser.add_argument(
        "--seconds", type=float, default=240, help="CPU seconds at most until the last target; 0: skip"
    )
    parser.add_argument("--lr", type=float, default=3e-3, help="of ours, until the targets")
    parser.add_argument("--images", type=int, default=1_500_000, help="over which our learning rate falls")
    parser.add_argument("--their-lr", type=float, nargs="*", default=[1e-3, 2e-3, 3e-3], help="of pythae's")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    logging.disable(logging.CRITICAL)
    dataset = load(options.data, View())
    about = {"pythae": version("pythae"), "loss_difference_of_the_same_weights": check_taken()}
    command = given("beside_pythae")
    with tempfile.TemporaryDirectory() as folder:
        if options.rounds:
            steps: dict[str, Any] = {}
            for name in options.nets:
                steps[name] = steps_of(name, dataset, folder, options.rounds)
                print(f"{name}: {steps[name]['ratio']}", flush=True)
            print(record("beside-pythae", about | {"steps": steps}, command))
        if options.seconds:
            their = [*options.their_lr, None]
            how = Seconds(options.targets, options.seconds, options.lr, options.images, their)
            found = {"reach": reach(dataset, Path(folder), how)}
            print(record("beside-pythae-reach", about | found, command))


if __name__ == "__main__":
    main()

"""`python -m benchmarks.tips`: the common advice for training GANs, each against one small DCGAN."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.collapse import run, summary
from benchmarks.measure import given, kept, record

BASE = "dcgan-mnist-paper"
SMALL = {"size": 14, "width": 16, "batch": 64, "images": 300_000}


@dataclass(frozen=True)
class Tip:
    """A change to the base.

    Args:
        options: of the recipe.
        rules: of the objective.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)


FREE = {"critic_norm": "none"}
TIPS: dict[str, Tip] = {
    "base: DCGAN as published": Tip(),
    "saturating loss, log(1 − D)": Tip(rules={"divergence": "minimax"}),
    "normal z": Tip({"prior": "normal"}),
    "β1 of Adam 0.9": Tip({"betas": (0.9, 0.999)}),
    "learning rate 1e-3": Tip({"lr": 1e-3}),
    "batch of 256": Tip({"batch": 256}),
    "no batch norm in the critic": Tip(FREE),
    "layer norm in the critic": Tip({"critic_norm": "layer"}),
    "spectral norm": Tip({"critic_norm": "spectral"}),
    "no batch norm in the generator": Tip({"generator_norm": "none"}),
    "smooth labels, 0.1": Tip(rules={"smoothing": 0.1}),
    "noise on images, fading": Tip(rules={"instance_noise": 0.1, "noise_turns": 4000}),
    "critic moves twice": Tip(rules={"critic_moves": 2}),
    "minibatch discrimination": Tip({"mates": "discrimination"}),
    "minibatch deviation": Tip({"mates": "deviation"}),
    "packs of 2": Tip({"pack": 2}),
    "labels to both nets": Tip({"classes": 10}),
    "R1, no batch norm": Tip(FREE, {"penalty": "r1", "penalty_weight": 1.0, "penalty_every": 4}),
    "translation, DiffAugment": Tip(rules={"augment": ("translation",)}),
    "feature matching": Tip(rules={"feature_matching": True}),
    "averaged weights": Tip({"ema": 0.999}),
    "learning rate falls to 0": Tip({"schedule": "linear"}),
    "averaged, falling": Tip({"ema": 0.999, "schedule": "linear"}),
    "averaged, falling, 5e-4, R1": Tip(
        {"ema": 0.999, "schedule": "linear", "lr": 5e-4, **FREE},
        {"penalty": "r1", "penalty_weight": 1.0, "penalty_every": 4},
    ),
}


def main() -> None:
    """Trains, judges, writes benchmarks/results/tips.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tips", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=SMALL["images"], help="images seen by every run")
    parser.add_argument("--tips", nargs="+", choices=list(TIPS), default=list(TIPS), metavar="TIP")
    parser.add_argument("--kept", default="tips-runs", help="folder of finished runs, one file each")
    options = parser.parse_args()
    torch.set_num_threads(1)
    results = {}
    for number, (name, tip) in enumerate(TIPS.items()):
        if name not in options.tips:
            continue
        runs = []
        for seed in range(options.seeds):
            own = SMALL | {"images": options.images} | dict(tip.options)
            path = Path(options.kept) / f"{number:02}-{seed}.json"
            play = partial(run, BASE, "mnist", seed, own, tip.rules)
            runs.append(kept(path, {"options": own, "rules": tip.rules}, play))
        seconds = sum(one["processor_seconds"] for one in runs) / len(runs)
        results[name] = {**summary(runs), "processor_seconds": round(seconds), "runs": runs}
        last, best = results[name]["last"], results[name]["best"]
        print(
            f"{name:34} last {last[0]:7.2f} ± {last[1]:.2f}  best {best[0]:7.2f} ± {best[1]:.2f}", flush=True
        )
    if len(options.tips) == len(TIPS):
        about = {"base": BASE, "options": SMALL | {"images": options.images}, "results": results}
        print("wrote", record("tips", about, given("tips")))


if __name__ == "__main__":
    main()

"""`python -m benchmarks.naive --data mnist`: the same decoder, learned with an encoder and without one."""

import argparse
import math
import time
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import torch
from torch import Tensor

from benchmarks.measure import record
from genzoo.data import Dataset, View, load
from genzoo.data.batches import Batches, gather
from genzoo.images import grid
from genzoo.models.base import evaluating
from genzoo.models.variational.vae import VAE
from genzoo.objectives import Objective
from genzoo.objectives.variational import NaiveMonteCarlo, NegativeELBO
from genzoo.random import seeded
from genzoo.training.loop import play
from genzoo.training.run import start
from genzoo.training.settings import OptimizerSettings, Settings

ARMS: dict[str, tuple[str, Objective[Any]]] = {
    "elbo": ("ELBO, one draw of q(z|x)", NegativeELBO()),
    "naive-1": ("one draw of p(z)", NaiveMonteCarlo(1)),
    "naive-10": ("10 draws of p(z)", NaiveMonteCarlo(10)),
    "naive-100": ("100 draws of p(z)", NaiveMonteCarlo(100)),
}
VIEW = View(binarize="static")
POINTS = 12  # of a curve


@torch.no_grad()
def log_likelihood(model: VAE, images: Tensor, draws: int) -> Tensor:
    """log (1/n) Σ p(x|zⱼ) of each image, nats, by the same draws of p(z): of two latents next to exact."""
    with seeded(0, "ruler"):
        z = model.prior().expand(draws).sample()
    found = torch.full((len(images),), -math.inf)
    for part in z.split(1000):
        density = model.likelihood(part)
        logits = density.logits.flatten(1)  # type: ignore[attr-defined]
        log_p = images.flatten(1) @ logits.T - torch.nn.functional.softplus(logits).sum(1)
        found = torch.logaddexp(found, log_p.logsumexp(1))
    return found - math.log(draws)


def learn(name: str, dataset: Dataset, test: Tensor, options: argparse.Namespace) -> dict[str, Any]:
    """Trains for so many seconds of processor time, measuring at even steps of it; the samples at the end."""
    with seeded(options.seed, "init"):
        model = VAE(dataset.shape, latent=2, hidden=(200,))
    settings = Settings(minutes=1e6, batch=100, seed=options.seed, horizon=1e6)
    batches = Batches(dataset, view=View(binarize="dynamic"), size=100, seed=options.seed)
    run = start(model, ARMS[name][1], batches, settings, OptimizerSettings(lr=1e-3))
    curve: list[dict[str, float]] = []
    spent = 0.0
    while spent < options.seconds:
        began = time.process_time()
        run.model.train()
        play(run)
        spent += time.process_time() - began
        if spent >= options.seconds * (len(curve) + 1) / POINTS:
            with evaluating(model):
                nats = log_likelihood(model, test, options.draws).mean().item()
            curve.append({"seconds": round(spent, 2), "images": run.images_seen, "nats": round(nats, 3)})
    with evaluating(model), seeded(1):
        samples = grid(model.sample(24, mean=True), columns=6)
    print(name, curve[-1], flush=True)
    return {"says": ARMS[name][0], "curve": curve, "samples": samples}


def picture(found: dict[str, dict[str, Any]], path: Path) -> None:
    """The curves over what each decoder draws."""
    figure = plt.figure(figsize=(11, 6.5), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1.2, 1))
    axes = above.subplots()
    for arm in found.values():
        seconds = [point["seconds"] for point in arm["curve"]]
        axes.plot(seconds, [point["nats"] for point in arm["curve"]], marker="o", ms=3, label=arm["says"])
    axes.set(xlabel="seconds of processor time", ylabel="log p(x) of test digits, nats")
    axes.legend(frameon=False)
    for panel, arm in zip(below.subplots(1, len(found)), found.values(), strict=True):
        panel.imshow(arm["samples"][0, 0], cmap="gray")
        panel.set_title(arm["says"], fontsize=9)
        panel.axis("off")
    figure.savefig(path, dpi=110)


def main() -> None:
    """Trains all arms, draws the picture and writes benchmarks/results/naive.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.naive", description=__doc__)
    parser.add_argument("--data", default="mnist", help="any DATA; aliases look in $GENZOO_DATA")
    parser.add_argument("--seconds", type=float, default=120, help="of processor time, for each arm")
    parser.add_argument("--draws", type=int, default=20_000, help="of p(z), by which all are measured")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--picture", type=Path, help="where to draw the curves and samples")
    options = parser.parse_args()
    dataset = load(options.data, View(size=(28, 28), channels=1))
    test = gather(dataset, dataset.split("test")[:2000], VIEW, 0)
    found = {name: learn(name, dataset, test, options) for name in ARMS}
    if options.picture:
        picture(found, options.picture)
    arms = {name: {"says": arm["says"], "curve": arm["curve"]} for name, arm in found.items()}
    results = {
        "data": options.data,
        "settings": {"seconds": options.seconds, "draws": options.draws},
        "arms": arms,
    }
    words = ["--data", options.data, "--seconds", f"{options.seconds:g}"]
    print(record("naive", results, ["python", "-m", "benchmarks.naive", *words]))


if __name__ == "__main__":
    main()

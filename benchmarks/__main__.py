"""`python -m benchmarks --data DATA`: the data path and each family's training step against plain PyTorch."""

import argparse
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from benchmarks.measure import record, side_by_side
from benchmarks.plain import gan_steps, likelihood_steps, loader
from genzoo.configurable import build
from genzoo.data import Batches, View, load
from genzoo.models import catalogue
from genzoo.objectives import build_objective
from genzoo.training.loop import play
from genzoo.training.run import start
from genzoo.training.settings import OptimizerSettings, Settings

# model, arguments, binary pixels, the call a hand-written loop descends
GAMES: dict[str, tuple[str, dict[str, Any], bool, str]] = {
    "autoencoder": ("autoencoder", {"code": 30}, False, "squared"),
    "vae": ("vae", {"latent": 50, "hidden": [500, 500]}, True, "elbo"),
    "pixelcnn": ("pixelcnn", {"levels": 2, "width": 16, "blocks": 4}, True, "log_prob"),
    "gan": ("gan", {"net": "dcgan", "width": 32}, False, "gan"),
}


def as_folder(source: str, folder: Path, items: int) -> tuple[int, ...]:
    """Writes the first items of a data set as PNG files; returns their shape."""
    dataset = load(source, View())
    for i, image in enumerate(np.asarray(dataset.items[:items])):
        pixels = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
        Image.fromarray(pixels).save(folder / f"{i:06d}.png")
    return dataset.shape


def endless(data: Iterator[Tensor] | object) -> Iterator[Tensor]:
    """Epoch after epoch."""
    return itertools.chain.from_iterable(itertools.repeat(data))


def data_path(folder: Path, shape: tuple[int, ...], batch: int, rounds: int) -> dict:
    """Batches a model can take: gathers from memory against files opened one by one."""
    dataset = load(folder, View())  # the first epoch: decoded once, cached
    ours = Batches(dataset, "all", size=batch)
    moves, steps = itertools.count(), max(1, len(dataset) // batch)

    def genzoo() -> int:
        return sum(len(ours.at(next(moves))) for _ in range(steps))

    contenders = {"genzoo": genzoo}
    for workers in (0, 2):
        plain = loader(folder, shape[0], batch, workers)
        contenders[f"DataLoader, {workers} workers"] = lambda p=plain: sum(len(x) for x in p)
    return ratios(side_by_side(contenders, rounds))


def step_of(name: str, folder: Path, shape: tuple[int, ...], batch: int, steps: int, rounds: int) -> dict:
    """Training steps of a family: the one loop against a hand-written one over a DataLoader."""
    model_name, arguments, binary, call = GAMES[name]
    entry = catalogue()[model_name]
    spec: dict[str, Any] = {"class": entry.cls.__name__, "shape": list(shape), **arguments}
    view = View(binarize="dynamic" if binary else "none")
    dataset = load(folder, View())
    run = start(
        build(spec),
        build_objective(dict(entry.objective)),
        Batches(dataset, "all", view=view, size=batch),
        Settings(images=10**9, batch=batch),
        OptimizerSettings(lr=1e-4),
    )
    run.model.train()
    contenders = {"genzoo": lambda: sum(batch for _ in range(steps) if play(run) is not None)}
    for workers in (0, 2):
        model, batches = build(spec), endless(loader(folder, shape[0], batch, workers))
        if call == "gan":
            contenders[f"plain loop, {workers} workers"] = lambda m=model, b=batches: gan_steps(m, b, steps)
        else:
            contenders[f"plain loop, {workers} workers"] = lambda m=model, b=batches: likelihood_steps(
                m, call, b, steps, binary
            )
    return ratios(side_by_side(contenders, rounds)) | {"model": spec, "batch": batch}


def ratios(rates: dict[str, dict[str, float]]) -> dict:
    """The rates, and how many times the best plain contender's ours is."""
    ours = rates["genzoo"]["median_items_per_second"]
    best = max(v["median_items_per_second"] for k, v in rates.items() if k != "genzoo")
    return {"rates": rates, "ratio_to_best_plain": round(ours / best, 2)}


def main() -> None:
    """Measures and writes benchmarks/results/*.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--data", default="mnist5k", help="any DATA; aliases look in $GENZOO_DATA")
    parser.add_argument("--items", type=int, default=5000, help="images written as PNG files")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=15, help="training steps a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    command = ["python", "-m", "benchmarks", *sys.argv[1:]]
    folder = Path(tempfile.mkdtemp(prefix="genzoo-bench-"))
    os.environ.setdefault("GENZOO_CACHE", str(folder / "cache"))
    images = folder / "images"
    images.mkdir()
    try:
        shape = as_folder(options.data, images, options.items)
        results = {"data path": data_path(images, shape, options.batch, options.rounds)}
        for name in GAMES:
            results[name] = step_of(name, images, shape, options.batch, options.steps, options.rounds)
            print(f"{name}: {results[name]['ratio_to_best_plain']}x", flush=True)
        print(f"data path: {results['data path']['ratio_to_best_plain']}x")
        print(
            record("foundation", {"data": options.data, "items": options.items, "results": results}, command)
        )
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

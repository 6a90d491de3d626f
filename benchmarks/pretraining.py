"""`python -m benchmarks.pretraining`: does layer-wise pretraining help, at equal images?"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.measure import given, record
from genzoo import train
from genzoo.data import View, load
from genzoo.data.batches import in_order
from genzoo.evaluation import squared_error
from genzoo.models import Model
from genzoo.models.base import evaluating
from genzoo.objectives.layerwise import Layerwise
from genzoo.objectives.reconstruction import Reconstruction

LAYERS = 4


def variants(images: int) -> dict[str, tuple[str, Any]]:
    """Activation and objective by name; half of the budget pretrains, in equal parts for the layers."""
    return {
        "logistic": ("sigmoid", Reconstruction("bernoulli")),
        "logistic, pretrained": ("sigmoid", Layerwise("bernoulli", pretrain=images // (2 * LAYERS))),
        "ReLU": ("relu", Reconstruction("bernoulli")),
    }


def error_of(model: Model, dataset: Any, view: View) -> float:
    """The mean squared error of the test images."""
    errors = []
    with evaluating(model):
        for batch in in_order(dataset, "test", view=view, size=500):
            errors.append(squared_error(model, batch))
    return float(torch.cat(errors).double().mean())


def main() -> None:
    """Trains, measures and writes benchmarks/results/pretraining.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pretraining", description=__doc__)
    parser.add_argument("--data", default="mnist", help="any images; aliases look in $GENZOO_DATA")
    parser.add_argument("--images", type=int, nargs="+", default=[100_000, 400_000])
    parser.add_argument("--hidden", type=int, nargs="+", default=[1000, 500, 250])
    parser.add_argument("--code", type=int, default=30)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    dataset, view, found = load(options.data), View(), []
    for images in options.images:
        for name, (activation, objective) in variants(images).items():
            for seed in range(options.seeds):
                with tempfile.TemporaryDirectory() as folder:
                    began = time.perf_counter()
                    done = train(
                        "autoencoder",
                        dataset,
                        out=Path(folder) / "run",
                        objective=objective,
                        quiet=True,
                        images=images,
                        seed=seed,
                        batch=100,
                        lr=options.lr,
                        schedule="cosine",
                        code=options.code,
                        hidden=tuple(options.hidden),
                        activation=activation,
                    )
                    seconds = time.perf_counter() - began
                error = error_of(done.model, dataset, view)
                found.append({"net": name, "images": images, "seed": seed, "squared_error": round(error, 3)})
                print(f"{name:22} {images:9,} seed {seed}  {error:7.3f}  {seconds:.0f} s", flush=True)
    command = given("pretraining")
    net = {"hidden": options.hidden, "code": options.code, "lr": options.lr, "batch": 100}
    print(record("pretraining", {"data": options.data, "net": net, "results": found}, command))


if __name__ == "__main__":
    main()

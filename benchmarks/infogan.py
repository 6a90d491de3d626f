"""`python -m benchmarks.infogan`: what the codes of an InfoGAN came to mean, without a label, over seeds."""

import argparse
import tempfile
import time
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray
from scipy.optimize import linear_sum_assignment

from benchmarks.measure import given, record
from genzoo import api
from genzoo.apply.codes import code_page
from genzoo.data import Dataset, View, load
from genzoo.data.batches import in_order
from genzoo.images import save_image
from genzoo.models.adversarial.infogan import InfoGAN
from genzoo.models.base import evaluating

SMALL = 14
VARIANTS: dict[str, dict[str, Any]] = {
    "the recipe": {},
    "numbers weighted 1": {"uniform_weight": 1.0},
    "no jitter": {"jitter": 0.0},
    "no jitter, numbers weighted 1 (as published)": {"jitter": 0.0, "uniform_weight": 1.0},
    "DCGAN's nets": {"net": "dcgan"},
}
PICTURES = Path(__file__).parent.parent / "docs" / "img"


def told(model: InfoGAN, data: Dataset, view: View) -> tuple[Int[ndarray, " n"], Float[ndarray, "n m"]]:
    """The likeliest category and the mean of each uniform code, of every test image."""
    categories, values = [], []
    with evaluating(model):
        for batch in in_order(data, "test", view=view, size=256):
            codes = model.codes(batch.images)
            categories.append(codes.logits.argmax(1))
            values.append(codes.mean)
    return torch.cat(categories).numpy(), torch.cat(values).numpy()


def matched(categories: Int[ndarray, " n"], labels: Int[ndarray, " n"], k: int) -> tuple[float, list[int]]:
    """The share of items whose category is not the one of their class, at the best one-to-one matching.

    Also the class of each category. No label had a part in the training, so which number a class has is open.
    """
    counts = np.zeros((k, k), np.int64)
    np.add.at(counts, (categories, labels), 1)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    return 1 - counts[rows, columns].sum() / len(labels), columns.tolist()


def slant(images: Float[ndarray, "n h w"]) -> Float[ndarray, " n"]:
    """How far an image leans: minus the shear that makes its second moments upright."""
    y, x = np.mgrid[: images.shape[1], : images.shape[2]]
    mass = images.sum((1, 2)).clip(1e-9)
    cx, cy = ((images * axis).sum((1, 2)) / mass for axis in (x, y))
    dx, dy = x[None] - cx[:, None, None], y[None] - cy[:, None, None]
    return -(images * dx * dy).sum((1, 2)) / (images * dy * dy).sum((1, 2)).clip(1e-9)


def meanings(model: InfoGAN, n: int = 2000) -> dict[str, list[float]]:
    """The correlation of each uniform code with the slant and with the amount of ink of samples."""
    with evaluating(model):
        torch.manual_seed(0)
        latents = model.draw_latents(n)
        images = model.decode(latents).mean(1).numpy()
    values = model.values(latents).numpy()
    measured = {"slant": slant(images), "ink": images.mean((1, 2))}
    return {
        name: [round(float(np.corrcoef(values[:, i], found)[0, 1]), 3) for i in range(values.shape[1])]
        for name, found in measured.items()
    }


def seed_of(recipe: str, data: Dataset, seed: int, options: dict[str, Any]) -> tuple[dict[str, Any], InfoGAN]:
    """One training and what its codes tell of test images."""
    with tempfile.TemporaryDirectory(prefix="genzoo-infogan-") as folder:
        began = time.process_time()
        trained = api.train(
            recipe,
            data,
            out=Path(folder) / "run",
            seed=seed,
            quiet=True,
            save_every=1e9,
            judge="none",
            **options,
        )
        if trained.stopped:
            raise SystemExit(f"stopped by {trained.stopped.name}; nothing was written")
        seconds, model, view = time.process_time() - began, trained.model, trained.config.view
    assert isinstance(model, InfoGAN)
    assert data.labels is not None
    categories, _ = told(model, data, view)
    error, classes = matched(categories, data.labels[data.split("test")], model.categories)
    found = {"error": round(float(error), 4), "class_of_category": classes, **meanings(model)}
    return found | {"processor_seconds": round(seconds)}, model


def ablation(recipe: str, data: str, seeds: int, images: int | None) -> dict[str, Any]:
    """The error of the category where one thing is not as in the recipe, of images half the size."""
    small, found = load(data, View(size=(SMALL, SMALL), channels=1)), {}
    for title, options in VARIANTS.items():
        chosen = {"images": images, "size": SMALL, **options}
        errors = [seed_of(recipe, small, seed, chosen)[0]["error"] for seed in range(seeds)]
        found[title] = {"options": options, "errors": errors}
        print(f"{title}: {errors}", flush=True)
    return found


def main() -> None:
    """Trains, measures, writes benchmarks/results/infogan.json and docs/img/infogan-codes.png."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.infogan", description=__doc__)
    parser.add_argument("--recipe", default="infogan-mnist")
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--images", type=int, help="budget instead of the recipe's")
    parser.add_argument("--ablate", action="store_true", help=f"variants of the recipe, at {SMALL}x{SMALL}")
    options = parser.parse_args()
    torch.set_num_threads(1)
    words = given("infogan")
    if options.ablate:
        made = ablation(options.recipe, options.data, options.seeds, options.images)
        about = {"recipe": options.recipe, "size": SMALL, "variants": made}
        print("wrote", record("infogan-ablation", about, words))
        return
    data = load(options.data, View(size=(28, 28), channels=1))
    runs = []
    for seed in range(options.first, options.first + options.seeds):
        found, model = seed_of(options.recipe, data, seed, {"images": options.images})
        runs.append(found)
        print(f"seed {seed}: {found}", flush=True)
        if seed == options.first:
            path = save_image(code_page(model), PICTURES / "infogan-codes.png", scale=1)
            print("wrote", path)
    errors = [run["error"] for run in runs]
    about = {"mean": mean(errors), "sd": stdev(errors) if len(errors) > 1 else 0.0, "published": 0.05}
    print("wrote", record("infogan", {"recipe": options.recipe, "runs": runs, **about}, words))


if __name__ == "__main__":
    main()

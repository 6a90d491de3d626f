"""`python -m benchmarks.asked`: does a sample show the class that it was asked for?"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.measure import given, record
from genzoo import api
from genzoo.apply import sample
from genzoo.data import Dataset
from genzoo.evaluation.features import Extractor, extractor_for
from genzoo.evaluation.reference import as_files
from genzoo.images import grid, save_image
from genzoo.models import Model
from genzoo.types import Given

PICTURES = Path(__file__).parent.parent / "docs" / "img"
EACH = 1000  # samples of a class


def read(model: Model, extractor: Extractor, classes: int) -> list[float]:
    """The share of samples of each class that an independent classifier takes for it."""
    shares = []
    for label in range(classes):
        given = Given(labels=torch.full((EACH,), label))
        images = as_files(sample(model, EACH, given=given, seed=label))
        told = torch.cat([extractor.logits(extractor(part)).argmax(1) for part in images.split(250)])
        shares.append(round(float((told == label).double().mean()), 4))
    return shares


def measured(
    recipe: str, data: Dataset, extractor: Extractor, seed: int, images: int | None
) -> dict[str, Any]:
    """One training, and how often its samples are read as what they were asked for."""
    with tempfile.TemporaryDirectory(prefix="genzoo-asked-") as folder:
        began = time.process_time()
        trained = api.train(
            recipe, data, out=Path(folder) / "run", seed=seed, quiet=True, save_every=1e9, judge="none",
            images=images,
        )  # fmt: skip
        if trained.stopped:
            raise SystemExit(f"stopped by {trained.stopped.name}; nothing was written")
        seconds = round(time.process_time() - began)
    classes = len(data.classes)
    shares = read(trained.model, extractor, classes)
    if not seed:
        given = Given(labels=torch.arange(classes).repeat(8))
        page = grid(sample(trained.model, 8 * classes, given=given, seed=0), columns=classes)
        print("wrote", save_image(page, PICTURES / f"{recipe}.png", scale=1))
    return {"by_class": shares, "share": round(sum(shares) / classes, 4), "processor_seconds": seconds}


def main() -> None:
    """Trains, reads samples, writes benchmarks/results/asked.json and a page of samples a recipe."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.asked", description=__doc__)
    parser.add_argument("recipes", nargs="*", default=["cgan-mnist", "acgan-mnist"])
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--images", type=int, help="budget instead of the recipes'")
    options = parser.parse_args()
    torch.set_num_threads(1)
    results: dict[str, Any] = {}
    for recipe in options.recipes:
        _, data = api.prepare(recipe, options.data)
        extractor = extractor_for(data, "classifier")
        results[recipe] = []
        for seed in range(options.seeds):
            found = measured(recipe, data, extractor, seed, options.images)
            results[recipe].append(found)
            print(f"{recipe}, seed {seed}: {found}", flush=True)
    about = {"data": options.data, "each": EACH, "classifier": extractor.label, "results": results}
    print("wrote", record("asked", about, given("asked")))


if __name__ == "__main__":
    main()

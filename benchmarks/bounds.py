"""`python -m benchmarks.bounds --data mnist`: what a tighter bound and a richer posterior gain."""

import argparse
import math
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import genzoo
from benchmarks.measure import record
from genzoo.data import View, load
from genzoo.evaluation.measured import measures_of, values_of
from genzoo.files import read_json, write_json
from genzoo.models import load_model, read_spec

# Each arm is a recipe and what is changed of it. The first of a pair is what the second is measured against.
ARMS: dict[str, tuple[str, dict[str, Any]]] = {
    "vae": ("iwae-mnist", {"samples": 1, "weighted": False, "doubly": False}),
    "iwae-5": ("iwae-mnist", {"samples": 5}),
    "iwae-50": ("iwae-mnist", {}),
    "mlp-iaf": ("iwae-mnist", {"samples": 1, "weighted": False, "doubly": False, "posterior": "iaf"}),
    "conv": ("iaf-mnist", {"posterior": "diagonal"}),
    "conv-iaf": ("iaf-mnist", {}),
}
PAIRS = [("vae", "iwae-5"), ("vae", "iwae-50"), ("vae", "mlp-iaf"), ("conv", "conv-iaf")]
DENSE = ("vae", "iwae-5", "iwae-50", "mlp-iaf")  # cheap to decode: many draws of every image
FIRST = 1000  # images of the others


def trained(name: str, options: argparse.Namespace) -> float:
    """Trains the run of an arm, unless it is there; the seconds of processor time it took."""
    recipe, changes = ARMS[name]
    folder = options.runs / name
    cost = folder / "cpu.json"
    if not cost.is_file():
        began = time.process_time()
        genzoo.train(
            recipe, options.data, out=folder, quiet=True, device="cpu", images=options.images, **changes
        )
        write_json(cost, {"seconds": time.process_time() - began})
    return read_json(cost)["seconds"]


def measured(name: str, options: argparse.Namespace) -> dict[str, Tensor]:
    """Nats of each test image: the bound with 100 draws of all, with many draws of all or of the first."""
    kept = options.runs / name / f"values-{options.draws}.json"
    if kept.is_file():
        return {key: torch.tensor(values) for key, values in read_json(kept).items()}
    folder = options.runs / name
    model, view = load_model(folder), View.from_json(read_spec(folder)["view"])
    dataset = load(options.data, view)
    found: dict[str, Any] = {}
    for draws, limit in ((100, None), (options.draws, None if name in DENSE else FIRST)):
        measures = [m for m in measures_of(model, iwae=draws, samples=16) if m.kind == "bound"]
        measures = measures if draws == 100 else [m for m in measures if m.name != "elbo"]
        values = values_of(model, dataset, measures, view=view, limit=limit, batch=50)
        found |= values.of
    write_json(kept, {key: values.tolist() for key, values in found.items()})
    return found


def summary(values: Tensor) -> dict[str, float]:
    """Mean and standard error."""
    mean, error = values.mean().item(), values.std().item() / math.sqrt(len(values))
    return {"nats": round(mean, 3), "stderr": round(error, 3), "n": len(values)}


def main() -> None:
    """Trains what is not there, measures and writes benchmarks/results/bounds.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bounds", description=__doc__)
    parser.add_argument("--data", default="mnist", help="any DATA; aliases look in $GENZOO_DATA")
    parser.add_argument("--images", type=int, default=600_000, help="images seen, with repetitions")
    parser.add_argument("--draws", type=int, default=5000)
    parser.add_argument(
        "--runs", type=Path, required=True, help="a folder for the runs, to go on after a stop"
    )
    parser.add_argument("--only", nargs="*", choices=[*ARMS], default=[*ARMS])
    options = parser.parse_args()
    values: dict[str, dict[str, Tensor]] = {}
    rows: dict[str, Any] = {}
    for name in options.only:
        seconds = trained(name, options)
        values[name] = measured(name, options)
        changed = ARMS[name][1]
        measures = {key: summary(of) for key, of in values[name].items()}
        rows[name] = {"recipe": ARMS[name][0], "changed": changed, "cpu_seconds": round(seconds)} | measures
        print(name, rows[name], flush=True)
    pairs = {}
    for base, other in PAIRS:
        if base in values and other in values:
            key = f"iwae[{options.draws}]"
            pairs[f"{other} - {base}"] = summary(values[other][key] - values[base][key])
    settings = {"images": options.images, "draws": options.draws, "seed": 0}
    results = {"data": options.data, "settings": settings, "arms": rows, "paired": pairs}
    words = ["--data", options.data, "--images", str(options.images), "--draws", str(options.draws)]
    words += ["--only", *options.only] if len(options.only) < len(ARMS) else []
    print(record("bounds", results, ["python", "-m", "benchmarks.bounds", *words]))


if __name__ == "__main__":
    main()

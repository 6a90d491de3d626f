"""`python -m benchmarks.nats --data mnist`: exact nats of causal nets at equal images seen and parameters."""

import argparse
import shutil
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

import genzoo
from benchmarks.measure import record
from genzoo.files import read_json, write_json
from genzoo.models import Model, catalogue
from genzoo.models.base import parameter_count

# About 55,000 parameters each: the side of the first kernel is 7 and the head 32 maps wide in all of them.
NETS: dict[str, dict[str, Any]] = {
    "pixelcnn": {"width": 24, "blocks": 9},
    "gated-pixelcnn": {"width": 16, "layers": 6, "inner": 5},
    "row-lstm": {"width": 24, "layers": 3},
    "diagonal-bilstm": {"width": 22, "layers": 3},
    "pixelcnn-pp": {"width": 10, "blocks": 1, "dropout": 0.0},
}
COMMON = {"levels": 2, "output": "binary", "head": 32}


def net(name: str) -> Model:
    """An untrained one."""
    return catalogue()[name].cls((1, 28, 28), **COMMON, **NETS[name])


def one(name: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """Trains a net and scores the whole test split."""
    torch.set_num_threads(1)
    folder, began = Path(tempfile.mkdtemp(prefix="genzoo-nats-")), time.process_time()
    try:
        genzoo.train(
            net(name), options.data, out=folder / "run", quiet=True, device="cpu", seed=seed,
            images=options.images, batch=16, size=28, channels=1, binarize="dynamic", lr=options.lr,
            schedule="cosine", warmup=100, clip=1.0, ema=0.998,
        )  # fmt: skip
        seconds = time.process_time() - began
        results = genzoo.evaluate(folder / "run", measure=["likelihood"]).results
        nats = next(result for result in results if result.name == "log_prob")
    finally:
        shutil.rmtree(folder)
    found = {"log_prob": round(nats.value, 3), "stderr": round(nats.stderr or 0, 3), "n": nats.n}
    return {"net": name, "seed": seed, "cpu_seconds": round(seconds), "protocol": nats.protocol} | found


def kept(name: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """`one`, or what it found before under the same settings."""
    said = {"net": {**COMMON, **NETS[name]}, "data": options.data, "images": options.images, "lr": options.lr}
    path = options.keep / f"{name}-{seed}.json" if options.keep else None
    if path and path.is_file() and (before := read_json(path))["settings"] == said:
        return before["found"]
    found = one(name, seed, options)
    if path:
        write_json(path, {"settings": said, "found": found})
    return found


def table(runs: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Mean and standard deviation over the seeds, the best net first."""
    found = {}
    for name in NETS:
        values = [run["log_prob"] for run in runs if run["net"] == name]
        if values:
            spread = round(statistics.stdev(values), 3) if len(values) > 1 else None
            seconds = statistics.median(run["cpu_seconds"] for run in runs if run["net"] == name)
            found[name] = {
                "nats": round(statistics.mean(values), 3), "sd": spread, "seeds": len(values),
                "parameters": parameter_count(net(name)), "cpu_seconds_to_train": seconds,
            }  # fmt: skip
    return dict(sorted(found.items(), key=lambda item: -item[1]["nats"]))


def main() -> None:
    """Trains, measures and writes benchmarks/results/nats.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nats", description=__doc__)
    parser.add_argument("--data", default="mnist", help="any DATA; aliases look in $GENZOO_DATA")
    parser.add_argument("--images", type=int, default=48_000, help="images seen, with repetitions")
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--nets", nargs="*", choices=[*NETS], default=[*NETS])
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    parser.add_argument("--keep", type=Path, help="a folder of finished runs' figures, to go on after a stop")
    options = parser.parse_args()
    jobs, runs = [(name, seed) for seed in options.seeds for name in options.nets], list[dict[str, Any]]()
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(kept, name, seed, options) for name, seed in jobs]):
            runs.append(done.result())
            print(runs[-1], flush=True)
    settings = {"images": options.images, "batch": 16, "lr": options.lr, "nets": NETS, "all": COMMON}
    results = {"data": options.data, "settings": settings, "table": table(runs), "runs": runs}
    words = ["--data", options.data, "--images", str(options.images)]
    print(record("nats", results, ["python", "-m", "benchmarks.nats", *words]))


if __name__ == "__main__":
    main()

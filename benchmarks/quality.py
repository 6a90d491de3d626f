"""`python -m benchmarks.quality`: agreement with torchmetrics and scikit-learn; time and memory."""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.inception import InceptionScore
from torchmetrics.image.kid import KernelInceptionDistance

from benchmarks.measure import given, record
from genzoo.data import Dataset, View, load
from genzoo.data.batches import chosen
from genzoo.data.cache import root
from genzoo.evaluation.features import Extractor, extractor_for, save_extractor
from genzoo.evaluation.fid import frechet, frechet_distance
from genzoo.evaluation.inception_score import inception_score
from genzoo.evaluation.kid import kernel_distance
from genzoo.evaluation.neighbours import nearest
from genzoo.evaluation.precision_recall import density_coverage, precision_recall
from genzoo.evaluation.quality import quality_of
from genzoo.evaluation.reference import real_features
from genzoo.evaluation.statistics import Estimate

T = TypeVar("T")


class Ready(nn.Module):
    """Features as torchmetrics takes them: the images are features already."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.num_features = width

    def forward(self, features: Tensor) -> Tensor:
        """The features."""
        return features


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What came out, and the seconds."""
    began = time.perf_counter()
    return work(), time.perf_counter() - began


def balls(x: np.ndarray, y: np.ndarray, k: int) -> np.ndarray:
    """Which of x lie in which ball of y, by scikit-learn."""
    reach = NearestNeighbors(n_neighbors=k + 1).fit(y).kneighbors(y)[0][:, -1]
    return pairwise_distances(x, y) <= reach


def others(x: Tensor, y: Tensor, eye: Extractor) -> dict[str, Callable[[], list[float]]]:
    """Each number by torchmetrics or scikit-learn."""
    a, b = x.double().numpy(), y.double().numpy()

    def fid() -> list[float]:
        metric = FrechetInceptionDistance(feature=Ready(x.shape[1]), normalize=True).set_dtype(torch.float64)
        metric.update(x.double(), real=False)
        metric.update(y.double(), real=True)
        return [float(metric.compute())]

    def kid() -> list[float]:
        metric = KernelInceptionDistance(feature=nn.Identity(), subsets=1, subset_size=len(x))
        metric.update(x.double(), real=False)
        metric.update(y.double(), real=True)
        return [float(metric.compute()[0])]

    def score() -> list[float]:
        metric = InceptionScore(feature=nn.Identity(), splits=1)
        metric.update(eye.logits(x).double())
        return [float(metric.compute()[0])]

    def support() -> list[float]:
        return [balls(a, b, 3).any(1).mean(), balls(b, a, 3).any(1).mean()]

    def dense() -> list[float]:
        held = balls(a, b, 5)
        return [held.sum(1).mean() / 5, held.any(0).mean()]

    def near() -> list[float]:
        return NearestNeighbors(n_neighbors=1).fit(b).kneighbors(a)[0][:, 0].tolist()

    return {
        "fid": fid, "kid": kid, "inception_score (1 split)": score, "precision, recall": support,
        "density, coverage": dense, "nearest distances": near,
    }  # fmt: skip


def ours(x: Tensor, y: Tensor, eye: Extractor) -> dict[str, Callable[[], list[float]]]:
    """Each number by genzoo."""
    return {
        "fid": lambda: [frechet_distance(x, y)],
        "kid": lambda: [kernel_distance(x, y).value],
        "inception_score (1 split)": lambda: [inception_score(eye.logits(x), splits=1).value],
        "precision, recall": lambda: [e.value for e in precision_recall(x, y)],
        "density, coverage": lambda: [e.value for e in density_coverage(x, y)],
        "nearest distances": lambda: nearest(x, y).distance[:, 0].tolist(),
    }


def agreement(data: Dataset, eye: Extractor, n: int) -> dict:
    """The largest relative difference of each number at `n` images of each set, and both times."""
    x, y = (
        real_features(data, eye, split=np.sort(chosen(data, split, n, 0)), batch=256)
        for split in ("train", "test")
    )
    found = {}
    theirs = others(x, y, eye)
    for name, work in ours(x, y, eye).items():
        mine, seconds = timed(work)
        expected, their_seconds = timed(theirs[name])
        apart = np.abs(np.array(mine) - expected) / np.maximum(np.abs(expected), 1e-300)
        found[name] = {
            "relative_difference": float(apart.max()),
            "seconds": round(seconds, 3),
            "their_seconds": round(their_seconds, 3),
        } | ({"value": [float(f"{v:.9g}") for v in mine]} if len(mine) < 3 else {})
    found["fid of a set with itself"] = {"value": frechet_distance(x, x.clone())}
    return found


def bar(source: str, features: str) -> dict:
    """Seconds and peak memory of this process for the FID of all training images against the test images."""
    data, loading = timed(lambda: load(source, View()))
    eye = extractor_for(data, features)
    positions = np.setdiff1d(np.arange(len(data)), data.split("test"))  # train and val

    def fid() -> Estimate:
        x, y = (real_features(data, eye, split=s, batch=256) for s in (positions, "test"))
        return frechet(x, y)

    began = time.process_time()
    found, seconds = timed(fid)
    busy = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    everything, more = timed(lambda: quality_of(data.items[positions], data, eye, batch=256))
    return {
        "images": len(positions),
        "reference_images": len(data.split("test")),
        "shape": list(data.shape),
        "features": eye.label,
        "fid": found.value,
        "fid_stderr": found.stderr,
        "threads": torch.get_num_threads(),
        "loading_seconds": round(loading, 1),
        "fid_seconds": round(seconds, 1),
        "fid_processor_seconds": round(busy, 1),
        "fid_peak_bytes": peak,
        "every_number_seconds": round(more, 1),
        "every_number_peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "every_number": {r.quantity: str(r) for r in everything.results},
    }


def fresh(eye: Extractor, options: argparse.Namespace) -> dict:
    """`bar` in a process of its own, with decoded images in its cache and no features."""
    with tempfile.TemporaryDirectory() as cache:
        (Path(cache) / "data").symlink_to(root().resolve())
        weights = save_extractor(eye, Path(cache) / "net.safetensors")
        command = [sys.executable, "-m", "benchmarks.quality", "--bar", "--data", options.data]
        command += ["--threads", str(options.threads), "--features", str(weights)]
        environment = os.environ | {"GENZOO_CACHE": cache, "OMP_NUM_THREADS": str(options.threads)}
        said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return json.loads(said)


def main() -> None:
    """Measures and writes benchmarks/results/quality.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--data", default="cifar10", help="any DATA; aliases look in $GENZOO_DATA")
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 2000, 5000, 10000])
    parser.add_argument("--features", help="as in `genzoo evaluate`; by default those of the data")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--bar", action="store_true", help="only time and memory, as JSON on the screen")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    warnings.filterwarnings("ignore", category=UserWarning)  # of torchmetrics, about its buffers
    if options.bar:
        print(json.dumps(bar(options.data, options.features)))
        return
    data = load(options.data, View())  # decoded, cached
    eye, training = timed(lambda: extractor_for(data, options.features))
    results = {"time and memory": fresh(eye, options) | {"features_seconds": round(training, 1)}}
    print(results, flush=True)
    results["agreement"] = {str(n): agreement(data, eye, n) for n in options.counts}
    versions = {name: version(name) for name in ("torchmetrics", "scikit-learn")}
    command = given("quality")
    print(record("quality", {"data": options.data, "compared_with": versions, "results": results}, command))


if __name__ == "__main__":
    main()

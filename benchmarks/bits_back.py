"""`python -m benchmarks.bits_back RUN…`: bits back beside the bound, PNG, WebP and general compressors."""

import argparse
import bz2
import gzip
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.codec import others, packed
from benchmarks.measure import record
from genzoo.apply.codec import Listing, bits_back, read
from genzoo.data import View, in_order, load
from genzoo.evaluation.likelihood import elbo
from genzoo.images import bits_per_dim, to_levels, to_uint8
from genzoo.models import Model, load_model, read_spec
from genzoo.models.base import evaluating

DRAWS = 16


def general(images: np.ndarray) -> dict[str, int]:
    """Bytes of all pixels in one file, eight two-valued ones to a byte."""
    data = packed(images)
    return {
        "gzip -9, all pixels": len(gzip.compress(data, 9, mtime=0)),
        "bz2 -9, all pixels": len(bz2.compress(data, 9)),
    }


def bounds(model: Model, batches: Any) -> float:
    """The mean −ELBO, bits/dim, of `DRAWS` draws an image."""
    with evaluating(model):
        found = torch.cat([elbo(model, batch, samples=DRAWS) for batch in batches()]).double()
    return float(bits_per_dim(found, model.shape).mean())


def measured(run: Path, source: str, limit: int | None, lanes: int) -> dict[str, Any]:
    """Compresses and restores the test images of a run as it sees them."""
    about = read_spec(run)
    model, view = load_model(run), View.from_json(about["view"])
    dataset = load(source, view)
    positions = dataset.split("test")[:limit]
    batches = partial(in_order, dataset, positions, view=view, requires=model.requires)
    images = torch.cat([batch.images for batch in batches()])
    labels = () if dataset.labels is None else tuple(dataset.labels[positions].tolist())
    listing = Listing(labels=labels if "labels" in model.requires else ())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "images.gzi"
        began = time.perf_counter()
        done = bits_back.compress(model, images, file, listing=listing, lanes=lanes)
        there = time.perf_counter() - began
        began = time.perf_counter()
        container = read(file)
        groups = list(bits_back.restored(model, container))
        back = time.perf_counter() - began
    exact = np.array_equal(np.concatenate(groups), to_levels(images, container.header.levels).numpy())
    bound = bounds(model, batches)
    pixels = to_uint8(images).numpy()
    return {
        "model": about["model"],
        "view": about["view"],
        "images": len(images),
        "exact": exact,
        "groups": len(groups),
        "lanes": container.header.lanes,
        "bound_bits_per_dim": round(bound, 5),
        "net_bits_per_dim": round(done.net_bits_per_dim, 5),
        "total_bits_per_dim": round(done.bits_per_dim, 5),
        "net_over_bound_percent": round(100 * (done.net_bits_per_dim / bound - 1), 3),
        "initial_bytes": done.initial_bytes,
        "bytes": {"genzoo": done.file_bytes} | others(pixels) | general(pixels),
        "compress_images_per_second": round(len(images) / there, 1),
        "decompress_images_per_second": round(len(images) / back, 1),
    }


def said(run: Path, found: dict[str, Any]) -> None:
    print(f"{run.name}: {found['images']:,} images, exact: {found['exact']}, {found['groups']} groups")
    over, initial = found["net_over_bound_percent"], found["initial_bytes"]
    print(f"  -ELBO {found['bound_bits_per_dim']} bits/dim; net {found['net_bits_per_dim']}, {over:+.3f}%")
    print(f"  with {initial:,} initial bytes: {found['total_bits_per_dim']} bits/dim")
    numbers = found["images"] * np.prod(found["model"]["shape"])
    for name, size in sorted(found["bytes"].items(), key=lambda pair: pair[1]):
        print(f"  {name:32} {size:12,} bytes {8 * size / numbers:8.4f} bits/dim")
    for way in ("compress", "decompress"):
        print(f"  {way:32} {found[f'{way}_images_per_second']:12,} images/s", flush=True)


def main() -> None:
    """Measures and writes benchmarks/results/bits-back.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bits_back", description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="RUN[:IMAGES]", help="the first so many test images")
    parser.add_argument("--data", help="instead of each run's own; aliases look in $GENZOO_DATA")
    parser.add_argument("--lanes", type=int, default=256)
    options = parser.parse_args()
    torch.set_num_threads(1)
    found, words = {}, ["python", "-m", "benchmarks.bits_back"]
    for name in options.runs:
        folder, _, limit = name.partition(":")
        run = Path(folder)
        source = options.data or read_spec(run)["data"]
        found[run.name] = measured(run, source, int(limit) if limit else None, options.lanes)
        found[run.name]["data"] = Path(source).name
        said(run, found[run.name])
        words.append(f"runs/{run.name}" + (f":{limit}" if limit else ""))
    words += ["--data", options.data] if options.data else []
    published = {"binarized": 0.19, "8-bit": 1.41, "source": "arXiv:1901.04866"}
    results = {"runs": found, "lanes": options.lanes, "draws": DRAWS, "published_bits_per_dim": published}
    print(record("bits-back", results, words))


if __name__ == "__main__":
    main()

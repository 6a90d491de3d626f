"""`python -m benchmarks.bits_back RUN…`: bits back beside the bound, PNG, WebP and general compressors."""

import argparse
import bz2
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.codec import asked, of_runs, others, packed, passage, said_bytes, subject
from benchmarks.measure import record
from genzoo.evaluation.likelihood import elbo
from genzoo.images import bits_per_dim, to_uint8
from genzoo.models import Model
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


def measured(run: Path, source: str, limit: int | None, options: argparse.Namespace) -> dict[str, Any]:
    """Compresses and restores the test images of a run as it sees them."""
    who = subject(run, source, "test", limit)
    went = passage(who, options.lanes)
    bound, pixels, done = bounds(who.model, who.batches), to_uint8(who.images).numpy(), went.done
    return {
        "model": who.about["model"],
        "view": who.about["view"],
        "images": len(who.images),
        "exact": went.exact,
        "groups": went.groups,
        "lanes": went.lanes,
        "bound_bits_per_dim": round(bound, 5),
        "net_bits_per_dim": round(done.net_bits_per_dim, 5),
        "total_bits_per_dim": round(done.bits_per_dim, 5),
        "net_over_bound_percent": round(100 * (done.net_bits_per_dim / bound - 1), 3),
        "initial_bytes": done.initial_bytes,
        "bytes": {"genzoo": done.file_bytes} | others(pixels) | general(pixels),
        "compress_images_per_second": round(len(who.images) / went.there, 1),
        "decompress_images_per_second": round(len(who.images) / went.back, 1),
    }


def said(run: Path, found: dict[str, Any]) -> None:
    print(f"{run.name}: {found['images']:,} images, exact: {found['exact']}, {found['groups']} groups")
    over, initial = found["net_over_bound_percent"], found["initial_bytes"]
    print(f"  -ELBO {found['bound_bits_per_dim']} bits/dim; net {found['net_bits_per_dim']}, {over:+.3f}%")
    print(f"  with {initial:,} initial bytes: {found['total_bits_per_dim']} bits/dim")
    said_bytes(found)
    for way in ("compress", "decompress"):
        print(f"  {way:32} {found[f'{way}_images_per_second']:12,} images/s", flush=True)


def main() -> None:
    """Measures and writes benchmarks/results/bits-back.json."""
    options = asked("bits_back", __doc__).parse_args()
    found, words = of_runs(options, measured, said)
    published = {"binarized": 0.19, "8-bit": 1.41, "source": "arXiv:1901.04866"}
    results = {"runs": found, "lanes": options.lanes, "draws": DRAWS, "published_bits_per_dim": published}
    print(record("bits-back", results, ["python", "-m", "benchmarks.bits_back", *words]))


if __name__ == "__main__":
    main()

"""`python -m benchmarks.codec RUN… --data DATA`: lossless files beside PNG, WebP and xz, and how fast."""

import argparse
import io
import lzma
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, features

from benchmarks.measure import record
from genzoo.apply.codec import Compressed, Listing, compress, read, restored
from genzoo.data import View, in_order, load
from genzoo.images import bits_per_dim, to_levels, to_uint8
from genzoo.models import Model, load_model, read_spec
from genzoo.models.base import evaluating


def saved(image: np.ndarray, kind: str, **options: Any) -> int:
    """Bytes of one image (c h w) in a format of Pillow's; two-valued images with one bit a pixel."""
    pixels = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    if kind == "PNG" and len(image) == 1 and set(np.unique(image)) <= {0, 255}:
        picture = picture.convert("1")
    with io.BytesIO() as file:
        picture.save(file, format=kind, **options)
        return file.tell()


def packed(images: np.ndarray) -> bytes:
    """All pixels one after the other, eight to a byte where they have two values."""
    two = set(np.unique(images)) <= {0, 255}
    return np.packbits(images > 0).tobytes() if two else images.tobytes()


def others(images: np.ndarray) -> dict[str, int]:
    """Bytes of the same pixels otherwise: a file for each image, or all in one."""
    sheet = images.transpose(1, 0, 2, 3).reshape(1, len(images[0]), -1, images.shape[-1])[0]
    found: dict[str, int] = {
        "PNG, optimised, each": sum(saved(image, "PNG", optimize=True) for image in images),
        "PNG, optimised, one tall sheet": saved(sheet, "PNG", optimize=True),
        "xz -9e, all pixels": len(lzma.compress(packed(images), preset=9 | lzma.PRESET_EXTREME)),
    }
    if features.check("webp"):
        options = {"lossless": True, "quality": 100, "method": 6, "exact": True}
        found["WebP, lossless, each"] = sum(saved(image, "WEBP", **options) for image in images)
    return found


def log_probs(model: Model, batches: Callable[[], Any]) -> float:
    """The mean bits/dim that the model itself says."""
    with evaluating(model):
        found = torch.cat([model.log_prob(b.images, b.given) for b in batches()]).double()
    return float(bits_per_dim(found, model.shape).mean())


@dataclass(frozen=True)
class Subject:
    """A run, and images of its data as it sees them.

    Args:
        about: its spec.json.
        batches: the images again, with their conditions.
        listing: the labels that it is conditional on.
    """

    about: dict[str, Any]
    model: Model
    images: torch.Tensor
    batches: Callable[[], Any]
    listing: Listing


def subject(run: Path, source: str, split: str, limit: int | None) -> Subject:
    """A run with the first so many images of a split."""
    about = read_spec(run)
    model, view = load_model(run), View.from_json(about["view"])
    dataset = load(source, view)
    positions = dataset.split(split)[:limit]
    batches = partial(in_order, dataset, positions, view=view, requires=model.requires)
    images = torch.cat([batch.images for batch in batches()])
    labels = () if dataset.labels is None else tuple(dataset.labels[positions].tolist())
    return Subject(
        about, model, images, batches, Listing(labels=labels if "labels" in model.requires else ())
    )


@dataclass(frozen=True)
class Passage:
    """What became of images that were compressed and restored, and how many seconds each way took."""

    done: Compressed
    lanes: int
    groups: int
    exact: bool
    there: float
    back: float


def passage(who: Subject, lanes: int) -> Passage:
    """Compresses and restores the images of a run with its own codec."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "images.gzi"
        began = time.perf_counter()
        done = compress(who.model, who.images, file, listing=who.listing, lanes=lanes)
        there = time.perf_counter() - began
        began = time.perf_counter()
        container = read(file)
        groups = list(restored(who.model, container))
        back = time.perf_counter() - began
    exact = np.array_equal(np.concatenate(groups), to_levels(who.images, container.header.levels).numpy())
    return Passage(done, container.header.lanes, len(groups), exact, there, back)


def measured(run: Path, source: str, limit: int | None, options: argparse.Namespace) -> dict[str, Any]:
    """Compresses and restores the images of a split as the run sees them."""
    who = subject(run, source, options.split, limit)
    with tempfile.TemporaryDirectory() as folder:  # compiles
        few = Listing(labels=who.listing.labels[:16])
        compress(who.model, who.images[:16], Path(folder) / "few.gzi", listing=few)
    went = passage(who, options.lanes)
    expected, size, done = log_probs(who.model, who.batches), who.images.numel(), went.done
    return {
        "model": who.about["model"],
        "view": who.about["view"],
        "images": len(who.images),
        "exact": went.exact,
        "lanes": went.lanes,
        "bits_per_dim": round(expected, 5),
        "payload_bits_per_dim": round(done.bits_per_dim, 5),
        "payload_over_model_percent": round(100 * (done.bits_per_dim / expected - 1), 3),
        "header_and_listing_bytes": done.file_bytes - done.payload_bytes,
        "bytes": {"genzoo": done.file_bytes} | others(to_uint8(who.images).numpy()),
        "compress_symbols_per_second": round(size / went.there),
        "decompress_symbols_per_second": round(size / went.back),
        "compress_megabytes_per_second": round(size / went.there / 1e6, 4),
        "decompress_megabytes_per_second": round(size / went.back / 1e6, 4),
    }


def said_bytes(found: dict[str, Any]) -> None:
    """Prints what each format takes, the shortest first."""
    numbers = found["images"] * math.prod(found["model"]["shape"])
    for name, size in sorted(found["bytes"].items(), key=lambda pair: pair[1]):
        print(f"  {name:32} {size:12,} bytes {8 * size / numbers:8.4f} bits/dim")


def said(run: Path, found: dict[str, Any]) -> None:
    print(f"{run.name}: {found['images']:,} images, exact: {found['exact']}")
    over = found["payload_over_model_percent"]
    print(f"  payload {found['payload_bits_per_dim']} bits/dim, {over:+.3f}% over the model's own")
    said_bytes(found)
    for way in ("compress", "decompress"):
        rate, megabytes = (found[f"{way}_{what}_per_second"] for what in ("symbols", "megabytes"))
        print(f"  {way:32} {rate:12,} symbols/s {megabytes} MB/s", flush=True)


def asked(module: str, doc: str | None) -> argparse.ArgumentParser:
    """The flags of a benchmark of files."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{module}", description=doc)
    parser.add_argument(
        "runs", nargs="+", metavar="RUN[:IMAGES]", help="of its data the first so many images"
    )
    parser.add_argument("--data", help="instead of each run's own; aliases look in $GENZOO_DATA")
    parser.add_argument("--lanes", type=int, default=256)
    return parser


def of_runs(
    options: argparse.Namespace,
    measure: Callable[[Path, str, int | None, argparse.Namespace], dict[str, Any]],
    say: Callable[[Path, dict[str, Any]], None],
) -> tuple[dict[str, Any], list[str]]:
    """What is measured of each run that is asked for, by name, and the words that ask for it."""
    torch.set_num_threads(1)
    found, words = dict[str, Any](), list[str]()
    for name in options.runs:
        folder, _, limit = name.partition(":")
        run = Path(folder)
        source = options.data or read_spec(run)["data"]
        found[run.name] = measure(run, source, int(limit) if limit else None, options)
        found[run.name]["data"] = Path(source).name
        say(run, found[run.name])
        words.append(f"runs/{run.name}" + (f":{limit}" if limit else ""))
    return found, words + (["--data", options.data] if options.data else [])


def main() -> None:
    """Measures and writes benchmarks/results/codec.json."""
    parser = asked("codec", __doc__)
    parser.add_argument("--split", default="test")
    options = parser.parse_args()
    found, words = of_runs(options, measured, said)
    words += [] if options.split == "test" else ["--split", options.split]
    command = ["python", "-m", "benchmarks.codec", *words]
    print(record("codec", {"runs": found, "lanes": options.lanes}, command))


if __name__ == "__main__":
    main()

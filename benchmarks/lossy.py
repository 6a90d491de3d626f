"""`python -m benchmarks.lossy RUN…`: lossy files beside JPEG, JPEG 2000 and WebP: size and quality."""

import argparse
import io
import os
import shlex
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.measure import record
from benchmarks.ms_ssim import ms_ssim
from genzoo.apply.codec import compress, photographs, read, restored
from genzoo.images import to_uint8
from genzoo.models import Model, load_model

Pixels = NDArray[np.uint8]  # h w c
Point = dict[str, float]  # what one setting of one codec comes to, over all images of a set
HELD_OUT = ("astronaut", "chelsea", "coffee", "rocket")  # of scikit-image
SETTINGS: dict[str, tuple[str, str, tuple[Any, ...], dict[str, Any]]] = {
    "JPEG": ("JPEG", "quality", (3, 8, 15, 25, 40, 60, 80, 92), {"optimize": True}),
    "WebP": ("WEBP", "quality", (0, 5, 15, 35, 60, 80, 90, 96), {"method": 6}),
    "JPEG 2000": (
        "JPEG2000",
        "quality_layers",
        ([240], [140], [80], [50], [30], [18], [12], [8]),
        {
            "quality_mode": "rates",
            "irreversible": True,
            "mct": 1,
        },  # else Pillow codes red, green and blue apart
    ),
}
COLOURS = {"JPEG": "tab:orange", "WebP": "tab:green", "JPEG 2000": "tab:red"}


def held_out() -> dict[str, Pixels]:
    """Photographs that come with scikit-image."""
    from skimage import data

    return {name: getattr(data, name)() for name in HELD_OUT}


def folder(source: str, split: str, limit: int | None, left: bool) -> dict[str, Pixels]:
    """The first photographs of a split; of pictures that stand side by side with another, the left half."""
    photos = photographs(source, split, 3)
    assert photos is not None
    found = {}
    for i, name in enumerate(photos.names[:limit]):
        pixels = to_uint8(photos[i : i + 1])[0].permute(1, 2, 0).numpy()
        found[name] = np.ascontiguousarray(pixels[:, : pixels.shape[1] // 2] if left else pixels)
    return found


def compared(image: Pixels, back: Pixels, size: int) -> Point:
    """Bits of a file, and how near what is in it comes."""
    error = np.square(image.astype(np.float64) - back).mean()
    bits, pixels = 8 * size, image.shape[0] * image.shape[1]
    return {
        "bits": bits,
        "pixels": pixels,
        "psnr": float(10 * np.log10(255**2 / error)),
        "ms_ssim": ms_ssim(image, back),
    }


def mean(points: Sequence[Point]) -> Point:
    """All bits over all pixels, and the mean of each measure over images."""
    rate = sum(p["bits"] for p in points) / sum(p["pixels"] for p in points)
    means = {name: round(float(np.mean([p[name] for p in points])), 5) for name in ("psnr", "ms_ssim")}
    return {"bits_per_pixel": round(rate, 5)} | means


def of_pillow(images: Mapping[str, Pixels], codec: str) -> Iterator[Point]:
    """A point for each setting of a codec of Pillow's."""
    kind, option, values, fixed = SETTINGS[codec]
    for value in values:
        points = []
        for image in images.values():
            with io.BytesIO() as file:
                Image.fromarray(image).save(file, format=kind, **fixed | {option: value})
                size = file.tell()
                back = np.asarray(Image.open(file).convert("RGB"))
            points.append(compared(image, back, size))
        yield mean(points)


def of_model(images: Mapping[str, Pixels], model: Model) -> Iterator[Point]:
    """A point for each quality of a run: a file for each image, header included."""
    for quality in range(1, int(model.spec["qualities"]) + 1):
        found = [through_file(image, model, quality) for image in images.values()]
        points = [
            compared(image, back, size) for image, (back, size, _) in zip(images.values(), found, strict=True)
        ]
        megapixels = sum(p["pixels"] for p in points) / 1e6
        there, back = (
            round(sum(times) / megapixels, 3) for times in zip(*(f[2] for f in found), strict=True)
        )
        yield mean(points) | {
            "compress_seconds_per_megapixel": there,
            "decompress_seconds_per_megapixel": back,
        }


def through_file(image: Pixels, model: Model, quality: int) -> tuple[Pixels, int, tuple[float, float]]:
    """What is in an image's file, the bytes of that, and the seconds there and back."""
    items = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    with tempfile.TemporaryDirectory() as temporary:
        file, began = Path(temporary) / "image.gzi", time.perf_counter()
        size, there = compress(model, items, file, quality=quality).file_bytes, time.perf_counter()
        [back] = restored(model, read(file))
        return back[0].transpose(1, 2, 0), size, (there - began, time.perf_counter() - there)


def saved(curve: Sequence[Point], other: Sequence[Point], measure: str) -> float | None:
    """By how many percent the files of `curve` are smaller (−) at equal quality, over the range of both.

    Reference: Bjøntegaard, 2001, VCEG-M33, with lines between points in place of polynomials.
    """
    (low, high), grids = _range(curve, other, measure), []
    if high <= low:
        return None
    for points in (curve, other):
        ordered = sorted(points, key=lambda p: p[measure])
        at = [p[measure] for p in ordered]
        rates = np.log([p["bits_per_pixel"] for p in ordered])
        grids.append(np.interp(np.linspace(low, high, 500), at, rates))
    return round(100 * float(np.exp(np.mean(grids[0] - grids[1])) - 1), 2)


def _range(curve: Sequence[Point], other: Sequence[Point], measure: str) -> tuple[float, float]:
    own, theirs = [p[measure] for p in curve], [p[measure] for p in other]
    return max(min(own), min(theirs)), min(max(own), max(theirs))


def picture(sets: Mapping[str, dict[str, Any]], path: Path) -> None:
    """Rate against PSNR and MS-SSIM, a row a set; MS-SSIM in decibels, −10·log₁₀(1 − MS-SSIM)."""
    figure, axes = plt.subplots(len(sets), 2, figsize=(10, 4 * len(sets)), squeeze=False)
    for row, (name, found) in zip(axes, sets.items(), strict=True):
        for axis, measure in zip(row, ("psnr", "ms_ssim"), strict=True):
            for codec, points in found["curves"].items():
                values = np.array([p[measure] for p in points])
                values = values if measure == "psnr" else -10 * np.log10(1 - values)
                own = codec not in SETTINGS
                style: dict[str, Any] = (
                    {"marker": "o", "lw": 2} if own else {"color": COLOURS[codec], "lw": 1}
                )
                axis.plot([p["bits_per_pixel"] for p in points], values, label=codec, **style)
            axis.set(title=name, xlabel="bits a pixel, whole files", xlim=(0, 2.5))
            axis.set_ylabel("PSNR, dB" if measure == "psnr" else "MS-SSIM, dB")
            axis.grid(alpha=0.3)
        row[0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def at_size(image: Pixels, codec: str, size: int) -> tuple[Pixels, int]:
    """What a codec of Pillow's makes of an image in a file of nearly this size, and its size."""
    kind, option, values, fixed = SETTINGS[codec]
    settings = (
        [[rate] for rate in np.geomspace(8, 240, 60)] if codec == "JPEG 2000" else range(1, max(values))
    )
    found = []
    for value in settings:
        with io.BytesIO() as file:
            Image.fromarray(image).save(file, format=kind, **fixed | {option: value})
            found.append((abs(file.tell() - size), file.tell(), np.asarray(Image.open(file).convert("RGB"))))
    _, own, back = min(found, key=lambda each: each[0])
    return back, own


def crops(images: Mapping[str, Pixels], model: Model, path: Path, side: int = 160) -> None:
    """The middle of each image as it is, and from files of one size by every codec."""
    columns = ["as it is", "genzoo", *SETTINGS]
    figure, axes = plt.subplots(len(images), len(columns), figsize=(2.2 * len(columns), 2.4 * len(images)))
    for row, image in zip(axes, images.values(), strict=True):
        back, size, _ = through_file(image, model, 1)
        shown = [(image, image.nbytes), (back, size), *(at_size(image, codec, size) for codec in SETTINGS)]
        top, left = ((n - side) // 2 for n in image.shape[:2])
        for axis, name, (pixels, length) in zip(row, columns, shown, strict=True):
            axis.imshow(pixels[top : top + side, left : left + side], interpolation="nearest")
            axis.set_title(f"{name}, {length:,} bytes", fontsize=8)
            axis.axis("off")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def measured(images: Mapping[str, Pixels], models: Mapping[str, Model]) -> dict[str, Any]:
    """The curves of every codec and run on a set, and what the runs save."""
    curves = {codec: list(of_pillow(images, codec)) for codec in SETTINGS}
    own = {name: list(of_model(images, model)) for name, model in models.items()}
    savings = {
        name: {
            codec: {measure: saved(points, curves[codec], measure) for measure in ("psnr", "ms_ssim")}
            for codec in SETTINGS
        }
        for name, points in own.items()
    }
    return {"images": len(images), "curves": curves | own, "percent_of_bits_beside": savings}


def main() -> None:
    """Measures and writes benchmarks/results/lossy.json, docs/img/lossy.png and docs/img/lossy-crops.png."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lossy", description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--data", help="more photographs, such as $GENZOO_DATA/facades/facades.zip")
    parser.add_argument("--split", default="test")
    parser.add_argument("--limit", type=int, help="of that data the first so many")
    parser.add_argument(
        "--left", action="store_true", help="their left halves: pictures beside a map of them"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    models = {run.name: load_model(run) for run in options.runs}
    sets = {"scikit-image": held_out()}
    if options.data:
        source = os.path.expandvars(options.data)
        name = Path(source).stem
        sets[name] = folder(source, options.split, options.limit, options.left)
    found = {name: measured(images, models) for name, images in sets.items()}
    for name, result in found.items():
        for codec, points in result["curves"].items():
            for point in points:
                print(f"{name:14} {codec:12}", " ".join(f"{k} {v:.4f}" for k, v in point.items()))
        print(name, result["percent_of_bits_beside"], flush=True)
    pictures = Path(__file__).parent.parent / "docs/img"
    picture(found, pictures / "lossy.png")
    crops(sets["scikit-image"], next(iter(models.values())), pictures / "lossy-crops.png")
    words = ["python", "-m", "benchmarks.lossy", *(f"runs/{run.name}" for run in options.runs)]
    words += [str(word) for pair in shown(options).items() for word in pair] + ["--left"] * options.left
    print(record("lossy", {"sets": found, "runs": {n: m.spec for n, m in models.items()}}, words))
    print(shlex.join(words))


def shown(options: argparse.Namespace) -> dict[str, Any]:
    """The flags that were given; data by its name alone, unless an environment variable says where it is."""
    if not options.data:
        return {}
    limit = {"--limit": options.limit} if options.limit else {}
    name = options.data if options.data.startswith("$") else Path(options.data).name
    return {"--data": name, "--split": options.split} | limit


if __name__ == "__main__":
    main()

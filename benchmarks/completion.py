"""`python -m benchmarks.completion`: what each phase of a completion net is worth, on images it has not seen.

The recipe is played with its phases scaled to `--images`, and measured at the end of each: the squared error
alone, the critic alone (which moves no weight of the completer, though its batch
statistics go on being averaged), both. Beside it the same net is trained for as
many images by the squared error alone, which tells what the critic does from what more training does.
Finished phases are kept as run folders.
"""

import argparse
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from benchmarks.collapse import PICTURES
from benchmarks.measure import given, kept, record
from genzoo import api
from genzoo.apply.blend import blended, carried
from genzoo.apply.complete import complete, occluded
from genzoo.data import Dataset, View, load
from genzoo.data.batches import presented
from genzoo.evaluation.completion import FILLINGS, completion
from genzoo.evaluation.features import Extractor, extractor_for
from genzoo.images import grid, save_image
from genzoo.nn.holes import corners, holes
from genzoo.random import seeded
from genzoo.training.trainer import train_run
from genzoo.types import Images, Known

SIZES = ((64, 64), (96, 128), (160, 240))  # of the pictures; the nets take any
PHASES = ("squared error", "critic alone", "both")
CONTROL = "squared error all the time"
_ACROSS = 4  # images in a row of a picture
TEXTURE = "completed_fid_in_random_features"


def schedule(recipe: str, data: str, images: int | None) -> dict[str, int]:
    """The phases' lengths and the budget of a recipe, in whole batches, scaled to a budget."""
    config, _ = api.prepare(recipe, data)
    own, batch = config.settings.images, config.settings.batch
    scale = (images or own) / own
    said = {name: config.objective[name] for name in ("alone_images", "critic_images")} | {"images": own}
    return {name: max(1, round(value * scale / batch)) * batch for name, value in said.items()}


def measured(folder: Path, recipe: str, data: Dataset, eye: Extractor, options: argparse.Namespace) -> dict:
    """Every number of the ruler's group `completion` but the baselines', on held-out images."""
    config, _ = api.prepare(recipe, data)
    found = completion(api.load(folder).eval(), data, eye, view=config.view, limit=options.measured)
    return {
        r.name.replace(f", {eye.label}", ""): {"value": r.value, "stderr": r.stderr, "n": r.n} for r in found
    }


def textures(folder: Path, recipe: str, data: Dataset, options: argparse.Namespace) -> dict:
    """The Fréchet distances once more, in random features: a classifier's overlook a blur."""
    found = measured(folder, recipe, data, extractor_for(data, "random-conv"), options)
    return {k.replace("completed_fid", TEXTURE): v for k, v in found.items() if k.startswith("completed_fid")}


def phase(
    recipe: str, data: Dataset, folder: Path, images: int, before: Path | None, options: dict[str, Any]
) -> None:
    """Trains up to so many images, on from the phase before if there is one."""
    shutil.rmtree(folder, ignore_errors=True)  # of a phase that was broken off
    if before:
        shutil.copytree(before, folder)
        done = api.train(recipe, data, out=folder, images=images, resume=True, quiet=True)
    else:
        whole = float(options["images"])  # over which the rate falls
        config, _ = api.prepare(recipe, data, options={**options, "images": images})
        settings = replace(config.settings, horizon=whole)
        done = train_run(replace(config, settings=settings), data, folder, quiet=True, save_every=1e9)
    if done.stopped:
        raise SystemExit(f"stopped by {done.stopped.name}; finished phases are kept")


def played(recipe: str, data: Dataset, eye: Extractor, seed: int, options: argparse.Namespace) -> dict:
    """All phases and the control of one seed: what they reach, and how many images a second they see."""
    plan = schedule(recipe, options.data, options.images)
    ends = [plan["alone_images"], plan["alone_images"] + plan["critic_images"], plan["images"]]
    root = Path(options.kept) / f"{recipe}-{seed}"
    how: dict[str, Any] = {"seed": seed, "judge": "none"}
    said = {name: getattr(options, name) for name in ("precision", "batch", "weight")}
    how |= {name: value for name, value in said.items() if value is not None}
    about = {**plan, "data": options.data, "measured": options.measured, "features": eye.label, **how}
    found: dict[str, Any] = {}

    def trained(name: str, images: int, before: Path | None, seen: int, **changed: Any) -> Path:
        folder = root / name.replace(" ", "-")

        def play() -> dict[str, Any]:
            began = time.process_time()
            phase(recipe, data, folder, images, before, {**plan, **how, **changed})
            rate = (images - seen) / (time.process_time() - began)
            numbers = measured(folder, recipe, data, eye, options)
            if not eye.label.startswith("random-conv"):
                numbers |= textures(folder, recipe, data, options)
            return {"images": images, "images_per_processor_second": round(rate, 1), "numbers": numbers}

        found[name] = kept(folder.with_suffix(".json"), about, play)
        print(seed, name, summary(found[name]["numbers"]), flush=True)
        return folder

    last, seen = None, 0
    for name, images in zip(PHASES, ends, strict=True):
        last, seen = trained(name, images, last, seen), images
    trained(CONTROL, plan["images"], None, 0, weight=0.0)
    return found


def summary(numbers: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The model's own numbers."""
    return {k: round(v["value"], 4) for k, v in numbers.items() if ": " not in k}


def without_folders(word: str) -> str:
    """A word of a command without the folders of a machine; one under $GENZOO_DATA is kept."""
    return re.sub(r"(^|:)/[^:]*/", r"\1", word.rstrip("/"))


def free_form(images: Images, side: int) -> Known:
    """Strokes as nets of a side learned them, in windows of half of it, one for each square of that side."""
    (h, w), window = images.shape[2:], (side // 2,) * 2
    with seeded(h, "holes"):
        each = [
            holes(corners(len(images), (h, w), window, images), (h, w), window, images, kind="strokes")
            for _ in range(max(1, h * w // side**2))
        ]
    return torch.stack(each).all(0)


def row(data: str, size: tuple[int, int], side: int, folders: Sequence[Path], count: int) -> Tensor:
    """Held-out images: original | with free-form holes | what each net makes of them | the last's blended."""
    view = View(size=size, channels=3)
    source = load(data, view)
    test = source.split("test")
    x = presented(source, test[:: max(1, len(test) // count)][:count], view, 0).images
    known = free_form(x, side)
    made = [complete(api.load(folder), x, known)[:, 0] for folder in folders]
    columns = [x, occluded(x, known), *made, blended(x, carried(made[-1], known), known)]
    return grid(torch.stack(columns, 1).flatten(0, 1), columns=len(columns) * min(count, _ACROSS))


def picture(path: Path, options: argparse.Namespace, recipe: str) -> Path:
    """A row for each size, as many images in it as fit; CIFAR-10 has three of one size."""
    names = (PHASES[0], CONTROL, PHASES[2])
    folders = [Path(options.kept) / f"{recipe}-0" / name.replace(" ", "-") for name in names]
    small = options.data == "cifar10"
    sizes, side = (((32, 32),), 32) if small else (SIZES, SIZES[0][0])
    counts = [12] if small else [max(1, round(sizes[-1][1] / width)) for _, width in sizes]
    rows = [row(options.data, size, side, folders, n) for size, n in zip(sizes, counts, strict=True)]
    width = max(r.shape[3] for r in rows)
    page: Images = torch.cat([pad(r, (0, width - r.shape[3]), value=1.0) for r in rows], 2)
    return save_image(page, path, scale=2 if small else 1)


def main() -> None:
    """Trains, measures, writes benchmarks/results/completion[-cifar10].json and docs/img/ the same .png."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.completion", description=__doc__)
    parser.add_argument("--data", default="photos", help="cifar10, or any DATA of photographs")
    parser.add_argument("--images", type=int, help="budget of all phases instead of the recipe's")
    parser.add_argument("--batch", type=int, help="instead of the recipe's, of which it is a part")
    parser.add_argument("--weight", type=float, help="of the critic's verdict, instead of the recipe's")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], help="instead of the recipe's")
    parser.add_argument("--measured", type=int, default=1000, help="held-out images that are completed")
    parser.add_argument("--features", help="as in `genzoo evaluate`; by default those of the data")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--kept", default="runs/completion", help="where finished phases are")
    options = parser.parse_args()
    torch.set_num_threads(1)
    recipe = "completion-cifar10" if options.data == "cifar10" else "completion-photos"
    _, data = api.prepare(recipe, options.data)
    eye = extractor_for(data, options.features)
    runs = [played(recipe, data, eye, seed, options) for seed in range(options.seeds)]
    baselines = {
        k: v for k, v in runs[0][PHASES[0]]["numbers"].items() if any(f": {f}" in k for f in FILLINGS if f)
    }
    for found in runs:
        for phase in found.values():
            phase["numbers"] = {k: v for k, v in phase["numbers"].items() if k not in baselines}
    name = "completion-cifar10" if options.data == "cifar10" else "completion"
    results = {
        "data": without_folders(options.data),
        "recipe": recipe,
        "schedule": schedule(recipe, options.data, options.images),
        "features": eye.label,
        "baselines": baselines,
        "seeds": runs,
    }
    print("wrote", record(name, results, [without_folders(word) for word in given("completion")]))
    print("wrote", picture(PICTURES / f"{name}.png", options, recipe))


if __name__ == "__main__":
    main()

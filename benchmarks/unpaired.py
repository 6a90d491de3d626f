"""`python -m benchmarks.unpaired`: what pairs are worth between two styles of emoji.

CycleGAN is trained with the pairs hidden, pix2pix with them; both are measured on pairs that neither has
seen, beside copying what is given and giving it the other style's colours. Both run as their recipes say, but
for what is overridden here. Finished runs are kept as run folders.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.collapse import PICTURES
from benchmarks.measure import RESULTS, given, mean_and_sd, record
from genzoo import api
from genzoo.apply.translate import translate
from genzoo.data import Dataset
from genzoo.data.batches import presented
from genzoo.evaluation.features import extractor_for
from genzoo.evaluation.translation import translation
from genzoo.images import grid, save_image

RECIPES = {"cyclegan": "cyclegan-{}", "pix2pix": "pix2pix-{}"}
SHOWN = 12
Found = dict[str, float]


def run(name: str, recipe: str, seed: int, data: Dataset, options: argparse.Namespace) -> dict[str, Any]:
    """The numbers of one training, which is kept and not done again."""
    folder = Path(options.kept) / f"{recipe}-{seed}"
    images = {"cyclegan": options.cyclegan_images, "pix2pix": options.pix2pix_images}[name]
    changed = {"images": images, "size": options.size, "width": options.width, "critic_width": options.width}
    batch = options.cyclegan_batch if name == "cyclegan" else None
    changed |= {"precision": options.precision, "batch": batch}
    changed = {k: v for k, v in changed.items() if v is not None}
    if not (folder / "spec.json").is_file():
        began = time.process_time()
        trained = api.train(recipe, data, out=folder, seed=seed, quiet=True, **changed)
        if trained.stopped:
            raise SystemExit(f"stopped by {trained.stopped.name}; finished runs are kept")
        (folder / "processor_seconds").write_text(str(round(time.process_time() - began)))
    model, (config, _) = api.load(folder), api.prepare(recipe, data, options=changed)
    eye = extractor_for(data, options.features, view=config.view)
    results = translation(model, data, eye, view=config.view, seed=seed)
    numbers = {r.name.replace(f", {eye.label}", ""): r.value for r in results}
    return {"numbers": numbers, "processor_seconds": int((folder / "processor_seconds").read_text())}


def directions(runs: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, list[float]]]:
    """Mean and standard deviation over seeds of every number, by direction or baseline."""
    found: dict[str, dict[str, list[float]]] = {}
    for key in runs[0]["numbers"]:
        name, _, which = key.rstrip("]").partition("[")
        values = [r["numbers"][key] for r in runs]
        found.setdefault(which, {})[name] = mean_and_sd(values, 4)
    return found


def picture(data: Dataset, options: argparse.Namespace) -> Path:
    """Rows: what is given, CycleGAN's and pix2pix's translation, the true partner; then the way back."""
    folders = {name: Path(options.kept) / f"{RECIPES[name].format(options.data)}-0" for name in RECIPES}
    config, _ = api.prepare(RECIPES["cyclegan"].format(options.data), data, options={"size": options.size})
    batch = presented(
        data, data.split("test")[:: len(data.split("test")) // SHOWN][:SHOWN], config.view, 0, {"images"}
    )
    assert batch.given is not None
    assert batch.given.images is not None
    a, b = batch.given.images, batch.images
    cycle, paired = (api.load(folders[name]) for name in RECIPES)
    there = translate(cycle, a, to="B")
    rows = [a, there, translate(paired, a, to="B", temperature=0.0), b]
    back = translate(cycle, b, to="A")
    rows += [translate(cycle, there, to="A"), back, translate(cycle, back, to="B")]
    path = PICTURES / f"unpaired-{options.data}.png"
    save_image(grid(torch.cat(rows), columns=SHOWN), path)
    return path


def main() -> None:
    """Trains, measures, writes benchmarks/results/unpaired-DATA.json and docs/img/unpaired-DATA.png."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.unpaired", description=__doc__)
    parser.add_argument("--data", default="emoji", help="DATA of the recipes cyclegan-DATA and pix2pix-DATA")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--cyclegan-images", type=int, help="of each kind, instead of the recipe's")
    parser.add_argument("--pix2pix-images", type=int, help="pairs seen, instead of the recipe's")
    parser.add_argument("--cyclegan-batch", type=int, help="instead of the recipe's")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], help="instead of the recipes'")
    parser.add_argument("--size", type=int, help="side of the images instead of the recipes'")
    parser.add_argument("--width", type=int, help="of all nets instead of the recipes'")
    parser.add_argument("--features", help="as in `genzoo evaluate`; by default those of the data")
    parser.add_argument("--kept", default="unpaired-runs", help="folder of finished runs")
    options = parser.parse_args()
    torch.set_num_threads(1)
    recipes = {name: recipe.format(options.data) for name, recipe in RECIPES.items()}
    size = {"size": options.size} if options.size else {}
    _, data = api.prepare(recipes["cyclegan"], options=size)
    results = {}
    for name, recipe in recipes.items():
        runs = [run(name, recipe, seed, data, options) for seed in range(options.seeds)]
        results[name] = {"recipe": recipe, "mean_and_sd": directions(runs), "runs": runs}
        print(name, results[name]["mean_and_sd"], flush=True)
    print("wrote", record(f"unpaired-{options.data}", {"results": results}, given("unpaired")))
    print("wrote", RESULTS / f"unpaired-{options.data}.json", picture(data, options))


if __name__ == "__main__":
    main()

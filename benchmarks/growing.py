"""`python -m benchmarks.growing`: a net that grows beside a DCGAN, after as many images, on one ruler.

Both play as their recipes say but for what is overridden here, and are judged at equal moments in the
features of the data's classifier, on images of a held-out split. A phase of growing is a share of the images.
The time of a stage is that of its training steps alone.
"""

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.collapse import PICTURES, curve
from benchmarks.measure import given, kept, mean_and_sd, record
from genzoo import api
from genzoo.apply import sample
from genzoo.data import Dataset
from genzoo.images import grid, save_image
from genzoo.models.adversarial.progressive import ProgressiveGAN
from genzoo.objectives import build_objective
from genzoo.objectives.growing import Growing

SHOWN, COLUMNS = 60, 12


def run(
    recipe: str, data: Dataset, seed: int, options: Mapping[str, Any], judge: str, picture: Path | None
) -> dict[str, Any]:
    """The curve of one training, and the seconds of its stages if it has any."""
    began = time.process_time()
    with tempfile.TemporaryDirectory(prefix="genzoo-growing-") as folder:
        trained = api.train(
            recipe,
            data,
            out=Path(folder) / "run",
            seed=seed,
            judge=judge,
            quiet=True,
            save_every=1e9,
            **options,
        )
        if trained.stopped:
            raise SystemExit(f"stopped by {trained.stopped.name}; finished runs are kept")
        log = trained.log  # a file of the folder
    if picture:
        save_image(grid(sample(trained.model, SHOWN), columns=COLUMNS), picture, scale=2)
    found = {"curve": curve(log), "processor_seconds": round(time.process_time() - began)}
    if isinstance(trained.model, ProgressiveGAN):
        config, _ = api.prepare(recipe, data, options=options)
        game = build_objective(config.objective)
        assert isinstance(game, Growing)
        found["stages"] = stages(log, game, trained.model.stages)
    return found


def stages(log: Sequence[Mapping[str, Any]], game: Growing, last: int) -> dict[str, float]:
    """Training seconds by the side of a stage's images; fading in counts for the larger."""
    found: dict[str, float] = {}
    before = 0.0
    for line in log:
        if "seconds" in line:
            stage = -int(-game.stage(line["images_seen"] - 1, last) // 1)
            side = str(4 * 2**stage)
            found[side] = found.get(side, 0.0) + line["seconds"] - before
            before = line["seconds"]
    return {side: round(seconds, 1) for side, seconds in found.items()}


def summary(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Last and best distance over seeds, mean and standard deviation, and what it took."""

    return {
        "last": mean_and_sd([r["curve"][-1][1] for r in runs], 2),
        "best": mean_and_sd([min(value for _, value in r["curve"]) for r in runs], 2),
        "processor_seconds": mean_and_sd([r["processor_seconds"] for r in runs], 2),
    }


def main() -> None:
    """Trains, judges, writes benchmarks/results/growing-DATA.json and samples into docs/img."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growing", description=__doc__)
    parser.add_argument("--data", default="cifar10", help="of recipes progressive-DATA and --beside")
    parser.add_argument("--beside", default="dcgan-cifar10", help="the recipe that does not grow")
    parser.add_argument("--batches", type=int, nargs="+", default=[128], help="of that recipe, one run each")
    parser.add_argument("--images", type=int, default=300_000, help="images seen by every run")
    parser.add_argument("--phase", type=float, default=0.08, help="share of the images that is a phase")
    parser.add_argument("--size", type=int, help="side of the images instead of the recipes'")
    parser.add_argument("--width", type=int, default=64, help="of the DCGAN; at the full size")
    parser.add_argument("--top", type=int, default=128, help="widest map of the net that grows")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], help="of the net that grows")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--judge", default="classifier", help="features, as in `genzoo evaluate`")
    parser.add_argument("--kept", default="growing-runs", help="folder of finished runs, one file each")
    options = parser.parse_args()
    torch.set_num_threads(1)
    grown = f"progressive-{options.data}"
    common = {"images": options.images} | ({"size": options.size} if options.size else {})
    growing = {"phase_images": round(options.phase * options.images), "top": options.top}
    growing |= {"precision": options.precision} if options.precision else {}
    contenders: dict[str, tuple[str, dict[str, Any]]] = {grown: (grown, common | growing)}
    for batch in options.batches:
        name = f"{options.beside}, batches of {batch}"
        contenders[name] = options.beside, common | {"width": options.width, "batch": batch}
    _, data = api.prepare(grown, options=common)
    results = {}
    for name, (recipe, changed) in contenders.items():
        runs, file = [], name.replace(", batches of ", "-")
        shown = "grown" if name == grown else f"beside-{changed['batch']}"
        for seed in range(options.seeds):
            picture = PICTURES / f"growing-{options.data}-{shown}.png" if not seed else None
            play = partial(run, recipe, data, seed, changed, options.judge, picture)
            runs.append(kept(Path(options.kept) / f"{file}-{seed}.json", changed, play))
        results[name] = {"options": changed, **summary(runs), "runs": runs}
        print(name, {k: results[name][k] for k in ("last", "best", "processor_seconds")}, flush=True)
    print("wrote", record(f"growing-{options.data}", {"results": results}, given("growing")))


if __name__ == "__main__":
    main()

"""`python -m benchmarks.facades`: labels to photographs by L1, by a conditional GAN, and by both.

What a net that was taught by real pairs reads off the photographs made (the FCN-score of Isola et al., 2017,
arXiv:1611.07004, section 3.4) and how near they come to the true ones, on the val and test facades.
"""

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.collapse import PICTURES
from benchmarks.measure import RESULTS, given, kept, mean_and_sd, record
from genzoo import api
from genzoo.apply.translate import translate
from genzoo.data import Dataset
from genzoo.data.batches import presented
from genzoo.evaluation.features import extractor_for
from genzoo.evaluation.translation import translation
from genzoo.images import grid, save_image
from genzoo.models.store import load_model, save_model

RECIPE, SHOWN = "pix2pix-facades-64", 6
SETTINGS: dict[str, dict[str, Any]] = {
    "L1": {"adversarial": 0.0},
    "cGAN": {"l1": 0.0},
    "L1 + cGAN": {},
    "L1 + GAN": {"sees_picture": False},  # with --unseen only
}
QUANTITIES = (
    "label_accuracy", "label_class_accuracy", "label_iou", "partner_error", "translated_fid", "draws_apart",
)  # fmt: skip
PAPER = {
    "what": "table 1 of Isola et al., 2017: Cityscapes, read by FCN-8s. Other data, another net and "
    "other classes: only the order can be compared",
    "columns": list(QUANTITIES[:3]),
    "L1": [0.42, 0.15, 0.11],
    "cGAN": [0.57, 0.22, 0.16],
    "L1 + GAN": [0.64, 0.20, 0.15],
    "L1 + cGAN": [0.66, 0.23, 0.17],
    "real": [0.80, 0.26, 0.21],
}


def unseen(data: Dataset) -> Dataset:
    """The same with val and test as one split `test`."""
    both = np.concatenate([data.splits["val"], data.splits["test"]])
    return replace(data, splits={"train": data.splits["train"], "test": np.sort(both)})


def run(
    setting: str, seed: int, source: str | None, options: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    """One training and its numbers; the model stays in `folder`."""
    config, data = api.prepare(RECIPE, source, options=options)
    began = time.process_time()
    with tempfile.TemporaryDirectory(prefix="genzoo-facades-") as temporary:
        trained = api.train(
            RECIPE, data, out=Path(temporary) / "run", seed=seed, judge="none", quiet=True, save_every=1e9,
            **options, **SETTINGS[setting],
        )  # fmt: skip
        if trained.stopped:
            raise SystemExit(f"stopped by {trained.stopped.name}; finished runs are kept")
        seconds = round(time.process_time() - began)
        model = api.load(Path(temporary) / "run")
    save_model(model, folder)
    eye = extractor_for(data, view=config.view)
    results = translation(model, unseen(data), eye, view=config.view, seed=seed)
    numbers = {r.name.replace(f", {eye.label}", ""): r.value for r in results}
    protocol = {r.quantity: r.protocol for r in results}.get("label_accuracy")
    if protocol is None:
        raise SystemExit(f"{data.name}: at {data.shape[1]}x{data.shape[2]} what is given is no label map")
    found = {"numbers": numbers, "protocol": protocol, "features": eye.label}
    return found | {"training_processor_seconds": seconds}


def summary(runs: Sequence[Mapping[str, Any]], of: str = "") -> dict[str, list[float]]:
    """Mean and standard deviation over seeds of each quantity.

    Args:
        of: `copy`, `colours` or `real` in place of the model's translations.
    """
    found = {}
    for quantity in QUANTITIES:
        name = f"{quantity}[to B{f': {of}' if of else ''}]"
        values = [r["numbers"][name] for r in runs if name in r["numbers"]]
        if values:
            found[quantity] = mean_and_sd(values, 4)
    return found


def picture(source: str | None, options: Mapping[str, Any], folders: Sequence[Path], path: Path) -> None:
    """Rows: labels, the translations of each folder's model, the true photographs."""
    config, data = api.prepare(RECIPE, source, options=options)
    test = data.split("test")
    batch = presented(data, test[:: len(test) // SHOWN][:SHOWN], config.view, 0, {"images"})
    assert batch.given is not None
    assert batch.given.images is not None
    labels = batch.given.images
    made = [translate(load_model(folder), labels) for folder in folders]
    save_image(grid(torch.cat([labels, *made, batch.images]), columns=SHOWN), path, scale=2)


def played(options: argparse.Namespace) -> tuple[dict[str, Any], list[Path]]:
    """Every setting with every seed, and the folders of the first seed's models."""
    names = {"images": "images", "size": "size", "width": "width", "critic_width": "width"}
    changed: dict[str, Any] = {name: getattr(options, flag) for name, flag in names.items()}
    changed = {k: v for k, v in changed.items() if v is not None}
    results: dict[str, Any] = {}
    folders = []
    for setting in SETTINGS:
        if setting == "L1 + GAN" and not options.unseen:
            continue
        runs = []
        for seed in range(options.seeds):
            folder = Path(options.kept) / f"{setting.lower().replace(' + ', '-')}-{seed}"
            play = partial(run, setting, seed, options.data, changed, folder)
            if folder.with_suffix(".json").is_file() or not options.collect:
                runs.append(kept(folder.with_suffix(".json"), changed, play))
                folders += [folder] if not seed else []
        if runs:
            results[setting] = {"options": SETTINGS[setting], "mean_and_sd": summary(runs), "runs": runs}
            print(f"{setting:10}", results[setting]["mean_and_sd"], flush=True)
    if results:
        every = [one for found in results.values() for one in found["runs"]]
        baselines = {name: summary(every, name) for name in ("copy", "colours", "real")}
        results = {"setting": {"recipe": RECIPE} | changed, **results, "beside": baselines}
        print("real      ", baselines["real"], flush=True)
    return results, folders


def main() -> None:
    """Trains, measures, writes benchmarks/results/facades.json and docs/img/facades.png."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.facades", description=__doc__)
    parser.add_argument("--data", help="pairs in place of the recipe's, which lie in $GENZOO_DATA")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, help="pairs seen by every run instead of the recipe's")
    parser.add_argument("--size", type=int, help="side of the images instead of the recipe's")
    parser.add_argument("--width", type=int, help="of both nets instead of the recipe's")
    parser.add_argument("--unseen", action="store_true", help="also L1 and a critic that sees no labels")
    parser.add_argument("--kept", default="facades-runs", help="folder of finished runs")
    parser.add_argument("--collect", action="store_true", help="train nothing, gather what is kept")
    options = parser.parse_args()
    torch.set_num_threads(1)
    results, folders = played(options)
    if not results:
        return
    print("wrote", record("facades", {"results": results, "paper": PAPER}, given("facades")))
    changed = {k: v for k, v in results["setting"].items() if k != "recipe"}
    picture(options.data, changed, folders, PICTURES / "facades.png")
    print("wrote", RESULTS / "facades.json", PICTURES / "facades.png")


if __name__ == "__main__":
    main()

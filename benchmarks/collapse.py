"""`python -m benchmarks.collapse`: do samples get worse again? Every objective as published and as ours."""

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from benchmarks.measure import RESULTS, given, kept, mean_and_sd, record
from genzoo import api
from genzoo.data import Dataset
from genzoo.objectives import build_objective
from genzoo.objectives.divergences import DIVERGENCES

PICTURES = Path(__file__).parent.parent / "docs" / "img"
PAPERS = {  # objective → the recipes with a paper's settings
    "minimax": ("gan-{}-paper",),
    "non-saturating": ("gan-{}-paper", "dcgan-{}-paper"),
    "least-squares": ("lsgan-{}",),
    "wasserstein": ("wgan-{}", "wgan-gp-{}"),
    "hinge": ("sngan-{}",),
    "relativistic": ("r3gan-{}",),
}
OURS = "steady-gan-{}"
DENSE = {"hidden": [600, 600], "critic_hidden": [120, 120]}  # nets of 2014, where others have fewer channels
INK, COLOURS = "#2b2b2b", ("#c2572b", "#8b5fa8", "#2a7f78")

Curve = list[tuple[int, float]]  # images seen, Fréchet distance
_LOADED: dict[tuple[str, Any], Dataset] = {}  # by name and size, for the runs of one process


def curve(log: Sequence[Mapping[str, Any]]) -> Curve:
    """The judged moments of a run, the untrained one left out."""
    return [(line["images_seen"], line["validation"]) for line in log if "validation" in line][1:]


def run(
    recipe: str, data: str, seed: int, options: Mapping[str, Any], rules: Mapping[str, Any]
) -> dict[str, Any]:
    """One training, judged at 20 moments in the features of the data's classifier; nothing of it is kept."""
    key = (data, options.get("size"))
    config, dataset = api.prepare(recipe, _LOADED.get(key, data), options=options)
    _LOADED[key] = dataset
    spec = dict(config.objective) | dict(rules)
    began = time.process_time()
    with tempfile.TemporaryDirectory(prefix="genzoo-collapse-") as folder:
        trained = api.train(
            recipe, dataset, out=Path(folder) / "run", objective=build_objective(spec), seed=seed,
            judge="classifier", quiet=True, save_every=1e9, **options,
        )  # fmt: skip
        if trained.stopped:
            raise SystemExit(f"stopped by {trained.stopped.name}; finished runs are kept")
        warnings = sorted({said.split(":")[0] for line in trained.log for said in line.get("warnings", ())})
        found = curve(trained.log)
    return {"curve": found, "warnings": warnings, "processor_seconds": round(time.process_time() - began)}


def pairings(data: str, objectives: Sequence[str], papers: bool, ours: bool) -> list[tuple[str, str]]:
    """(objective, recipe that plays it) of everything that is played."""
    chosen: list[tuple[str, str]] = []
    for objective in objectives:
        recipes = (OURS,) * ours + PAPERS[objective] * papers
        chosen += [(objective, recipe.format(data)) for recipe in recipes]
    return chosen


def summary(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Last, best and last ÷ best over seeds, mean and standard deviation."""
    last = [r["curve"][-1][1] for r in runs]
    best = [min(value for _, value in r["curve"]) for r in runs]
    ratio = [a / b for a, b in zip(last, best, strict=True)]

    return {
        "last": mean_and_sd(last, 3),
        "best": mean_and_sd(best, 3),
        "ratio": mean_and_sd(ratio, 3),
        "worst_ratio": round(max(ratio), 3),
    }


def picture(results: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """A panel an objective: the curve of every seed."""
    names = list(dict.fromkeys(name.partition(", ")[0] for name in results))
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(3.6 * columns, 2.5 * rows + 0.2), layout="constrained", dpi=110)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True)
    for ax in axes.flat[len(names) :]:
        ax.axis("off")
    for ax, name in zip(axes.flat, names, strict=False):
        own = {k.partition(", ")[2]: v for k, v in results.items() if k.partition(", ")[0] == name}
        for colour, (recipe, found) in zip(COLOURS, own.items(), strict=False):
            for number, one in enumerate(found["runs"]):
                x, y = zip(*one["curve"], strict=True)
                label = f"{recipe}: {found['ratio'][0]:.2f}" if not number else None
                ax.plot([n / 1e6 for n in x], y, color=colour, linewidth=1.3, alpha=0.8, label=label)
        ax.set_title(name, fontsize=10, color=INK)
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_locator(NullLocator())
        ax.legend(fontsize=7, frameon=False, title="last ÷ best", title_fontsize=7)
        ax.tick_params(labelsize=7)
        ax.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("million images seen", fontsize=9, color=INK)
    figure.supylabel("Fréchet distance", fontsize=9, color=INK)
    figure.savefig(path)


def played(options: argparse.Namespace, chosen: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Every pairing with every seed; each finished run is kept, and not played again."""
    overrides: dict[str, Any] = {"images": options.images, "width": options.width, "size": options.size}
    overrides = {k: v for k, v in overrides.items() if v is not None}
    results = {}
    for objective, recipe in chosen:
        own = dict(overrides)
        if recipe.startswith("gan-") and own.pop("width", None):
            own |= DENSE
        runs = []
        for seed in range(options.seeds):
            path = Path(options.kept) / f"{options.source or ''}{recipe}-{objective}-{seed}.json"
            play = partial(run, recipe, options.source or options.data, seed, own, {"divergence": objective})
            if path.is_file() or not options.collect:
                runs.append(kept(path, own, play))
        if not runs:
            continue
        name = f"{objective}, {recipe}"
        results[name] = {"recipe": recipe, "options": own, **summary(runs), "runs": runs}
        last, best, ratio = (results[name][k] for k in ("last", "best", "ratio"))
        print(
            f"{name:44} last {last[0]:8.2f} ± {last[1]:.2f}  best {best[0]:8.2f} ± {best[1]:.2f}  "
            f"last ÷ best {ratio[0]:.2f} ± {ratio[1]:.2f}",
            flush=True,
        )
    return results


def main() -> None:
    """Trains, judges, writes benchmarks/results/collapse-DATA.json and docs/img/collapse-DATA.png."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.collapse", description=__doc__)
    parser.add_argument("--data", default="mnist", choices=("mnist", "cifar10"))
    parser.add_argument("--source", help="other images than those of --data, such as fewer: mnist5k")
    parser.add_argument("--objectives", nargs="+", default=list(DIVERGENCES), choices=list(DIVERGENCES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, help="images seen by every run, over all moves")
    parser.add_argument("--size", type=int, help="side of the images instead of the recipes'")
    parser.add_argument("--width", type=int, help="of the nets instead of the recipes'")
    parser.add_argument("--only", choices=("ours", "papers"), help="one of the two settings")
    parser.add_argument("--recipes", nargs="+", help="only these of the settings' recipes")
    parser.add_argument("--kept", default="collapse-runs", help="folder of finished runs, one file each")
    parser.add_argument("--name", help="of what is written instead of collapse-DATA")
    parser.add_argument("--collect", action="store_true", help="play nothing, gather what is kept")
    options = parser.parse_args()
    torch.set_num_threads(1)
    chosen = pairings(options.data, options.objectives, options.only != "ours", options.only != "papers")
    if options.recipes:
        chosen = [(objective, recipe) for objective, recipe in chosen if recipe in options.recipes]
    results = played(options, chosen)
    part = options.recipes or len(options.objectives) < len(DIVERGENCES)
    if not results or (part and not options.collect):
        return  # a part: --collect gathers
    name = options.name or f"collapse-{options.data}"
    print("wrote", record(name, {"results": results}, given("collapse")))
    picture(results, PICTURES / f"{name}.png")
    print("wrote", RESULTS / f"{name}.json", PICTURES / f"{name}.png")


if __name__ == "__main__":
    main()

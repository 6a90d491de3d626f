"""`python -m benchmarks.modes`: how many known modes each objective of a GAN finds, over seeds."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure

from benchmarks.measure import RESULTS, record
from genzoo import api
from genzoo.apply import sample
from genzoo.data import Dataset, load
from genzoo.data.mixtures import MIXTURES, Mixture
from genzoo.data.stacked import grey_source
from genzoo.evaluation.features import Extractor
from genzoo.evaluation.modes import POINTS, STRICT, coverage, mixture_coverage, modes_of_points, over_seeds
from genzoo.evaluation.result import Result
from genzoo.images import grid, save_image
from genzoo.objectives import build_objective
from genzoo.objectives.divergences import DIVERGENCES
from genzoo.types import Items

PICTURES = Path(__file__).parent.parent / "docs" / "img"
OBJECTIVES: dict[str, dict[str, Any]] = {
    **{name: {"class": "Adversarial", "divergence": name} for name in DIVERGENCES},
    "non-saturating, smoothed labels": {
        "class": "Adversarial",
        "divergence": "non-saturating",
        "smoothing": 0.1,
    },
}
PUBLISHED = (
    ("ring8", "GAN", "1", "Srivastava et al., 2017, arXiv:1705.07761"),
    ("ring8", "GAN", "6.3", "Lin et al., 2018, arXiv:1712.04086: 2,500 samples, mean of 10 runs"),
    ("ring8", "unrolled GAN", "7.6", "Srivastava et al., 2017"),
    ("ring8", "VEEGAN", "8", "Srivastava et al., 2017"),
    ("stacked digits", "DCGAN", "99", "Srivastava et al., 2017: 26,000 samples"),
    ("stacked digits", "unrolled GAN", "48.7", "Srivastava et al., 2017: 26,000 samples"),
    ("stacked digits", "VEEGAN", "150", "Srivastava et al., 2017: 26,000 samples"),
    ("stacked digits", "PacGAN", "1000", "Lin et al., 2018: 128,000 training images, 26,000 samples"),
)
INK, GOOD, STRAY, RING = "#2b2b2b", "#c2572b", "#9aa0a6", "#2a7f78"


def train(recipe: str, data: Dataset, seed: int, **options: Any) -> tuple[Any, float]:
    """The model of a run that is not kept, and the seconds of processor time that it took."""
    with tempfile.TemporaryDirectory(prefix="genzoo-modes-") as folder:
        began = time.process_time()
        trained = api.train(
            recipe, data, out=Path(folder) / "run", seed=seed, quiet=True, save_every=1e9, **options
        )
        if trained.stopped:
            raise SystemExit(f"stopped by {trained.stopped.name}; nothing was written")
        return trained.model, time.process_time() - began


def seeds_of(
    recipe: str, data: Dataset, seeds: int, extractor: Extractor | None = None, **options: Any
) -> tuple[dict[str, Any], list[Result], Items]:
    """Runs with seeds 0, 1, …: what each found, mean ± sd, and samples of the first."""
    runs, seconds, first = [], [], torch.empty(0)
    for seed in range(seeds):
        model, took = train(recipe, data, seed, **options)
        runs.append(coverage(model, data, extractor=extractor))
        seconds.append(round(took, 1))
        if not seed:
            first = sample(model, POINTS if extractor is None else 64)
        print(
            f"  seed {seed}: {', '.join(f'{r.name} {r.value:.3g}' for r in runs[-1])}, {took:.0f} s",
            flush=True,
        )
    summary = over_seeds(runs)
    by_seed = [{r.name: r.value for r in run} for run in runs]
    kept = {"results": [r.to_json() for r in summary], "by_seed": by_seed, "processor_seconds": seconds}
    return kept, summary, first


def heading(data: str) -> str:
    """The table's first line."""
    return f"\n{data:34}" + "".join(f"{t:>16}" for t in ("modes", "with 20", "near one, %", "reverse KL"))


def line(name: str, results: Sequence[Result]) -> str:
    """A row of the table, each number mean ± sd."""
    found = {r.quantity if r.name != STRICT else STRICT: r for r in results}

    def cell(name: str, scale: float = 1.0, digits: int = 2) -> str:
        r = found.get(name)
        if r is None:
            return "–"
        sd = "" if r.stderr is None else f" ± {scale * r.stderr:.{digits}f}"
        return f"{scale * r.value:.{digits}f}{sd}"

    cells = (
        cell("modes", digits=1),
        cell(STRICT, digits=1),
        cell("high_quality", 100, 1),
        cell("reverse_kl"),
    )
    return f"{name:34}" + "".join(f"{text:>16}" for text in cells)


def mixtures(seeds: int, images: int | None) -> tuple[dict[str, Any], dict[str, dict[str, Items]]]:
    """Every objective on the ring and on the grid."""
    results: dict[str, Any] = {}
    points: dict[str, dict[str, Items]] = {}
    for name in MIXTURES:
        data, lines = load(name), []
        real = torch.from_numpy(data.items[data.split("test")[:POINTS]])
        results[name], points[name] = {}, {"data": real}
        for objective, spec in OBJECTIVES.items():
            print(f"{name}, {objective}", flush=True)
            game = build_objective(dict(spec))
            found = seeds_of(f"gan-{name}", data, seeds, objective=game, images=images)
            results[name][objective], summary, points[name][objective] = found
            lines.append(line(objective, summary))
        print(heading(name), *lines, "", sep="\n")
    return results, points


def stacks(source: str, seeds: int, images: int | None) -> dict[str, Any]:
    """DCGAN on stacked digits, judged by a classifier of the digits."""
    from genzoo.evaluation.features import extractor_for

    data = load(source)
    extractor = extractor_for(load(str(grey_source(source))))
    print(f"{source}, DCGAN, judged by {extractor.label}", flush=True)
    kept, summary, first = seeds_of("dcgan-stacked", data, seeds, extractor, images=images)
    print(heading(source), line("DCGAN", summary), sep="\n")
    print("wrote", save_image(grid(first, columns=16), PICTURES / "stacked.png", scale=2))
    return {"DCGAN": kept}


def picture(points: Mapping[str, Mapping[str, Items]], path: Path) -> None:
    """Samples of the first seed of every objective over the data's modes."""
    columns = len(next(iter(points.values())))
    figure = Figure(figsize=(2.6 * columns, 2.75 * len(points)), layout="constrained", dpi=110)
    axes = figure.subplots(len(points), columns, squeeze=False)
    for number, (name, panels) in enumerate(points.items()):
        mixture = MIXTURES[name]
        for ax, (title, items) in zip(axes[number], panels.items(), strict=True):
            _panel(ax, mixture, items.double())
            found = mixture_coverage(items, mixture)
            kl = found.reverse_kl
            said = f"{found.modes()} of {len(mixture)} modes, {found.high_quality[0]:.0%} near one"
            ax.set_title("" if number else title, fontsize=10, color=INK, pad=8)
            ax.set_xlabel(said + (f", KL {kl[0]:.2f}" if kl else ""), fontsize=8, color=INK)
    figure.savefig(path)


def _panel(ax: Any, mixture: Mixture, points: Items) -> None:
    """Samples: those within 3σ of a mode in colour, strays in grey; the modes as rings."""
    near = modes_of_points(points, mixture) >= 0
    reach = 1.32 * float(abs(mixture.centres).max())
    x, y = mixture.centres.T
    ax.scatter(x, y, s=150, facecolors="none", edgecolors=RING, linewidths=0.8, alpha=0.7, zorder=1)
    for chosen, colour, alpha in ((~near, STRAY, 0.45), (near, GOOD, 0.5)):
        ax.scatter(*points[chosen].T, s=3, color=colour, alpha=alpha, linewidths=0, zorder=2)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_color("#d9d9d9")


def main() -> None:
    """Trains, judges, writes benchmarks/results/modes.json and docs/img/modes.png."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.modes", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--images", type=int, default=None, help="budget of a run instead of the recipe's")
    parser.add_argument("--stacked", action="store_true", help="DCGAN on stacked digits, not the mixtures")
    parser.add_argument("--data", default="stacked-mnist5k", help="of --stacked")
    options = parser.parse_args()
    torch.set_num_threads(1)
    path = RESULTS / "modes.json"
    old = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    results, commands = old.get("results", {}), old.get("commands", {})
    if options.stacked:
        made = {options.data: stacks(options.data, options.seeds, options.images)}
    else:
        made, points = mixtures(options.seeds, options.images)
        picture(points, PICTURES / "modes.png")
        print("wrote", PICTURES / "modes.png")
    command = " ".join(["python -m benchmarks.modes", *sys.argv[1:]])
    published = [dict(zip(("data", "model", "modes", "source"), p, strict=True)) for p in PUBLISHED]
    about = {"results": results | made, "commands": commands | dict.fromkeys(made, command)}
    print("wrote", record("modes", about | {"published": published}, command.split()))
    for data, model, modes, source in PUBLISHED:
        print(f"published: {data:16}{model:14}{modes:>6} modes  ({source})")


if __name__ == "__main__":
    main()

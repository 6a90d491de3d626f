"""`python -m benchmarks.modes`: how many known modes each objective of a GAN finds, over seeds."""

import argparse
import json
import shlex
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure

from benchmarks.measure import RESULTS, given, kept, record
from genzoo import api
from genzoo.apply import sample
from genzoo.data import Dataset, load
from genzoo.data.mixtures import MIXTURES, Mixture
from genzoo.data.stacked import grey_source
from genzoo.evaluation.features import Extractor
from genzoo.evaluation.modes import POINTS, STRICT, coverage, mixture_coverage, modes_of_points, over_seeds
from genzoo.evaluation.result import Result
from genzoo.images import grid, save_image
from genzoo.objectives import Objective, build_objective
from genzoo.types import Items

PICTURES = Path(__file__).parent.parent / "docs" / "img"
ACROSS = 6  # panels in a row of the picture


@dataclass(frozen=True)
class Game:
    """A game and what it asks of the nets.

    Args:
        rules: arguments of `Adversarial`.
        options: of the recipe.
        on_images: further options, of nets with batch normalisation.
        on_points: a recipe with learning rates of its own, in place of gan-ring8 and gan-grid25.
        rules_on_points: further rules, where modes are narrow.
    """

    rules: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    on_images: Mapping[str, Any] = field(default_factory=dict)
    on_points: str = ""
    rules_on_points: Mapping[str, Any] = field(default_factory=dict)

    def objective(self, points: bool) -> Objective[Any]:
        """The rules as an objective."""
        rules = {**self.rules, **(self.rules_on_points if points else {})}
        return build_objective({"class": "Adversarial", **rules})


FREE = {"critic_norm": "none"}  # of batch normalisation, for penalties on each item's own slope
LAZY = {"penalty_weight": 1.0, "penalty_every": 4}  # as in the recipes for images
ON_POINTS = {"penalty_weight": 0.1, "penalty_every": 1}  # modes are narrow: the critic may be steep
GAMES: dict[str, Game] = {
    "minimax": Game({"divergence": "minimax"}),
    "non-saturating": Game({"divergence": "non-saturating"}),
    "smoothed labels": Game({"smoothing": 0.1}),
    "least squares": Game({"divergence": "least-squares"}),
    "hinge": Game({"divergence": "hinge"}),
    "WGAN": Game(
        {"divergence": "wasserstein", "critic_moves": 5, "weight_clip": 0.05},
        {"lr": 2e-4},
        FREE | {"lr": 1e-3},
        rules_on_points={"weight_clip": 1.0},  # at 0.05 the critic is too blunt to tell a mode from the rest
    ),
    "WGAN-GP": Game(
        {"divergence": "wasserstein", "critic_moves": 5, "penalty": "gradient", "penalty_weight": 1.0},
        {},
        FREE,
    ),
    "relativistic, penalties": Game(
        {"divergence": "relativistic", "penalty": "r1+r2", **LAZY}, {}, FREE, rules_on_points=ON_POINTS
    ),
    "non-saturating, R1": Game({"penalty": "r1", **LAZY}, {}, FREE, rules_on_points=ON_POINTS),
    "packed in pairs": Game({"divergence": "non-saturating"}, {"pack": 2}),
    "unrolled": Game(
        {"divergence": "minimax", "lookahead": 5, "lookahead_lr": 0.1}, {}, FREE, "unrolled-ring8"
    ),
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


def played(
    recipe: str, data: Dataset, seed: int, extractor: Extractor | None, **options: Any
) -> dict[str, Any]:
    """What a run found, its processor seconds and, of seed 0, samples."""
    model, took = train(recipe, data, seed, **options)
    found = [r.to_json() for r in coverage(model, data, extractor=extractor)]
    samples = sample(model, POINTS if extractor is None else 64).tolist() if not seed else []
    return {"found": found, "seconds": round(took, 1), "samples": samples}


def seeds_of(
    stem: Path, recipe: str, data: Dataset, seeds: int, extractor: Extractor | None = None, **options: Any
) -> tuple[dict[str, Any], list[Result], Items]:
    """Runs with seeds 0, 1, …: what each found, mean ± sd, and samples of the first."""
    runs, seconds, first = [], [], torch.empty(0)
    about = {"recipe": recipe, **options, "objective": options["objective"].spec}
    for seed in range(seeds):
        path = stem.with_name(f"{stem.name}-{seed}.json")
        said = kept(path, about, partial(played, recipe, data, seed, extractor, **options))
        runs.append([Result(**told) for told in said["found"]])
        seconds.append(said["seconds"])
        if not seed:
            first = torch.tensor(said["samples"])
        values = ", ".join(f"{r.name} {r.value:.3g}" for r in runs[-1])
        print(f"  seed {seed}: {values}, {said['seconds']:.0f} s", flush=True)
    summary = over_seeds(runs)
    by_seed = [{r.name: r.value for r in run} for run in runs]
    table = {"results": [r.to_json() for r in summary], "by_seed": by_seed, "processor_seconds": seconds}
    return table, summary, first


def file_name(title: str) -> str:
    """A game's title as part of a file's name."""
    return title.replace(",", "").replace(" ", "-")


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


def mixtures(
    chosen: Sequence[str], seeds: int, images: int | None, games: Mapping[str, Game], folder: Path
) -> tuple[dict[str, Any], dict[str, dict[str, Items]]]:
    """Every game on the mixtures chosen."""
    results: dict[str, Any] = {}
    points: dict[str, dict[str, Items]] = {}
    for name in chosen:
        data, lines = load(name), []
        real = torch.from_numpy(data.items[data.split("test")[:POINTS]])
        results[name], points[name] = {}, {"data": real}
        for title, game in games.items():
            print(f"{name}, {title}", flush=True)
            found = seeds_of(
                folder / f"{name}-{file_name(title)}",
                game.on_points or f"gan-{name}",
                data,
                seeds,
                objective=game.objective(points=True),
                images=images,
                **game.options,
            )
            results[name][title], summary, points[name][title] = found
            lines.append(line(title, summary))
        print(heading(name), *lines, "", sep="\n")
    return results, points


def stacks(
    source: str, seeds: int, images: int | None, games: Mapping[str, Game], folder: Path
) -> dict[str, Any]:
    """A DCGAN under every game on stacked digits, judged by a classifier of the digits."""
    from genzoo.evaluation.features import extractor_for

    data = load(source)
    extractor = extractor_for(load(str(grey_source(source))))
    print(f"{source}, DCGAN, judged by {extractor.label}", flush=True)
    results, lines = {}, []
    for title, game in games.items():
        print(title, flush=True)
        options = {**game.options, **game.on_images}
        path = folder / f"{source}-{file_name(title)}"
        results[title], summary, first = seeds_of(
            path,
            "dcgan-stacked",
            data,
            seeds,
            extractor,
            objective=game.objective(points=False),
            images=images,
            **options,
        )
        lines.append(line(title, summary))
        if title == "non-saturating":
            print("wrote", save_image(grid(first, columns=16), PICTURES / "stacked.png", scale=2))
    print(heading(source), *lines, sep="\n")
    return results


def picture(points: Mapping[str, Mapping[str, Items]], path: Path) -> None:
    """Samples of the first seed of every objective over the data's modes."""
    rows = sum(-(-len(panels) // ACROSS) for panels in points.values())
    figure = Figure(figsize=(2.3 * ACROSS, 2.6 * rows), layout="constrained", dpi=100)
    free = iter(figure.subplots(rows, ACROSS, squeeze=False).flat)
    for name, panels in points.items():
        mixture = MIXTURES[name]
        axes = [next(free) for _ in range(-(-len(panels) // ACROSS) * ACROSS)]
        for ax in axes[len(panels) :]:
            ax.axis("off")
        for ax, (title, items) in zip(axes, panels.items(), strict=False):
            panel(ax, mixture, items.double())
            found = mixture_coverage(items, mixture)
            kl = found.reverse_kl
            said = f"{found.modes()} of {len(mixture)} modes, {found.high_quality[0]:.0%} near one"
            ax.set_title(title, fontsize=9, color=INK, pad=6)
            ax.set_xlabel(said + (f", KL {kl[0]:.2f}" if kl else ""), fontsize=8, color=INK)
    figure.savefig(path)


def panel(ax: Any, mixture: Mixture, points: Items) -> None:
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
    parser.add_argument("--mixtures", nargs="+", choices=list(MIXTURES), default=list(MIXTURES))
    parser.add_argument("--games", nargs="+", choices=list(GAMES), default=list(GAMES), metavar="GAME")
    parser.add_argument("--kept", type=Path, default=Path("modes-runs"), help="folder of finished runs")
    options = parser.parse_args()
    torch.set_num_threads(1)
    games = {name: GAMES[name] for name in options.games}
    path = RESULTS / "modes.json"
    old = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    results, commands = old.get("results", {}), old.get("commands", {})
    if options.stacked:
        made = {options.data: stacks(options.data, options.seeds, options.images, games, options.kept)}
    else:
        made, points = mixtures(options.mixtures, options.seeds, options.images, games, options.kept)
        if set(points) == set(MIXTURES) and len(games) == len(GAMES):
            picture(points, PICTURES / "modes.png")
            print("wrote", PICTURES / "modes.png")
    command = given("modes")
    published = [dict(zip(("data", "model", "modes", "source"), p, strict=True)) for p in PUBLISHED]
    played = [f"{data}, {title}" for data, found in made.items() for title in found]
    made = {data: results.get(data, {}) | found for data, found in made.items()}
    about = {"results": results | made, "commands": commands | dict.fromkeys(played, shlex.join(command))}
    print("wrote", record("modes", about | {"published": published}, command))
    for data, model, modes, source in PUBLISHED:
        print(f"published: {data:16}{model:14}{modes:>6} modes  ({source})")


if __name__ == "__main__":
    main()

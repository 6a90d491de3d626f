"""`python -m benchmarks.futures`: futures of moving digits from one frame: near, possible, various?"""

import argparse
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from einops import repeat
from matplotlib.figure import Figure

from benchmarks.measure import record
from genzoo import api
from genzoo.apply.futures import Futures, futures, futures_picture
from genzoo.data import Dataset, View, load
from genzoo.data.batches import in_order, presented
from genzoo.data.moving_digits import CANVAS, DIRECTIONS, FRAMES, moves, possible_futures
from genzoo.evaluation.futures import best_of, squared_errors, validity
from genzoo.evaluation.likelihood import elbo, iwae
from genzoo.evaluation.statistics import Estimate
from genzoo.images import save_image
from genzoo.models import Model
from genzoo.models.base import evaluating
from genzoo.models.variational.conditional import ConditionalVAE
from genzoo.objectives.base import OnePlayer
from genzoo.types import Batch, Loss, Nats

RECIPE, SIDE = "cvae-moving-digits", 14  # of a digit of 28x28
COUNTS = (1, 2, 3, 5, 10, 20, 30, 50, 100)
PICTURES = Path(__file__).parent.parent / "docs" / "img"
COLOURS = {
    "conditional VAE": "#c2572b",
    "the true law": "#2a7f78",
    "deterministic": "#2b2b2b",
    "copy": "#9aa0a6",
}


class Regression(OnePlayer[ConditionalVAE]):
    """−log p(x | z = 0, c), a mean over the batch: the same decoder, which cannot choose.

    Its answer is E[x | c], as that of the squared error is, whose gradient dies where a sigmoid is saturated.
    """

    def __init__(self) -> None:
        """No settings."""

    def loss(self, model: ConditionalVAE, batch: Batch) -> Loss:
        """The mean over the batch, nats."""
        nothing = batch.images.new_zeros(len(batch), model.latent)
        loss = -model.likelihood(nothing, batch.given).log_prob(batch.images).mean()
        return Loss(loss, {"cross_entropy": loss})


def trained(folder: Path, objective: Regression | None, images: int | None) -> Any:
    """The run in a folder, trained if it is not there."""
    if not folder.exists():
        api.train(RECIPE, out=folder, objective=objective, images=images)
    return api.load(folder)


def drawings(model: Model, regression: Any, batch: Batch, possible: Futures, n: int) -> dict[str, Futures]:
    """`n` futures of each first frame by each contender."""
    assert batch.given is not None
    first = batch.given.images
    assert first is not None
    random = np.random.default_rng(0).integers(DIRECTIONS, size=(len(first), n))
    with evaluating(regression):
        mean = regression.decode(torch.zeros(len(first), regression.latent), batch.given)
    return {
        "conditional VAE": futures(model, first, k=n, mean=True),
        "conditional VAE, binary draws": futures(model, first, k=n),
        "the true law": possible[torch.arange(len(first))[:, None], torch.from_numpy(random)],
        "deterministic": mean[:, None],
        "copy": repeat(first, "b c h w -> b 1 c (t h) w", t=FRAMES - 1),
    }


def items(data: Dataset, view: View, n: int) -> tuple[Batch, Futures]:
    """The first films of the test split, and what may follow each of their first frames."""
    index = data.split("test")[:n]
    batch = presented(data, index, view, 0, {"images"})
    assert data.given is not None
    start = moves("test", n, SIDE).start
    possible = possible_futures(data.given[index, 0], start, SIDE)[:, :, None]
    return batch, torch.from_numpy(possible / 255 >= 0.5).float()


def exact(batch: Batch, possible: Futures) -> Estimate:
    """log p(x | c) under the true law, nats: of the equally likely directions some give the same film."""
    same = (possible == batch.images[:, None]).flatten(2).all(2).double().mean(1)
    nats = same.log()
    return over_films(nats)


def over_films(values: Nats) -> Estimate:
    """The mean and its standard error."""
    return Estimate(float(values.mean()), float(values.std()) / math.sqrt(len(values)))


def bounds(model: Model, data: Dataset, view: View, n: int) -> dict[str, Any]:
    """Lower bounds of log p(x | c) of the first test films, nats."""
    with evaluating(model):
        parts = list(in_order(data, "test", view=view, size=10, limit=n, requires={"images"}))
        found = {
            "elbo": torch.cat([elbo(model, part, samples=16) for part in parts]),
            "iwae 50": torch.cat([iwae(model, part, k=50) for part in parts]),
        }
    return {name: rounded(over_films(values)) for name, values in found.items()}


def measured(drawn: Mapping[str, Futures], batch: Batch, possible: Futures) -> dict[str, Any]:
    """Best of n and validity of each contender; a deterministic one has one draw."""
    found: dict[str, Any] = {}
    for name, some in drawn.items():
        counts = [m for m in COUNTS if m <= some.shape[1]]
        best = best_of(squared_errors(some, batch.images), counts)
        valid = validity(some, possible)
        found[name] = {
            "best_of": {str(m): rounded(value) for m, value in zip(counts, best, strict=True)},
            "error_to_nearest_possible": rounded(valid.error),
            "share_possible": rounded(valid.share_possible),
            "covered": rounded(valid.covered),
            "approached": rounded(valid.approached),
        }
        print(f"{name:30}", *(f"{m}: {value.value:.1f}" for m, value in zip(counts, best, strict=True)))
        print(" " * 30, {key: value for key, value in found[name].items() if key != "best_of"}, flush=True)
    return found


def rounded(estimate: Estimate) -> list[float | None]:
    """Value and standard error."""
    return [round(estimate.value, 4), None if estimate.stderr is None else round(estimate.stderr, 4)]


def plot(found: Mapping[str, Any], path: Path) -> None:
    """Best-of-n error against n."""
    figure = Figure(figsize=(6, 3.6), layout="constrained", dpi=120)
    ax = figure.subplots()
    for name, colour in COLOURS.items():
        curve = found[name]["best_of"]
        x, y = [int(m) for m in curve], [value for value, _ in curve.values()]
        x, y = (x, y) if len(x) > 1 else ([COUNTS[0], COUNTS[-1]], y * 2)
        ax.plot(x, y, color=colour, marker="o" if len(curve) > 1 else None, markersize=3.5, label=name)
    ax.set(
        xscale="log", xlabel="futures drawn", ylabel="squared error of the nearest, pixels", ylim=(0, None)
    )
    ax.set_xticks(COUNTS, map(str, COUNTS))
    ax.minorticks_off()
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9)
    figure.savefig(path)


def main() -> None:
    """Trains, draws, measures; writes benchmarks/results/futures.json, docs/img/moving-*.png."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.futures", description=__doc__)
    parser.add_argument("--runs", type=Path, required=True, help="folder of the two runs; trained if missing")
    parser.add_argument("--images", type=int, default=None, help="budget of a run instead of the recipe's")
    parser.add_argument("-n", type=int, default=200, help="films that are measured")
    options = parser.parse_args()
    torch.set_num_threads(1)
    view = View(degrade="past", binarize="threshold")
    data = load("moving-mnist", view)
    model = trained(options.runs / "cvae", None, options.images)
    regression = trained(options.runs / "regression", Regression(), options.images)
    batch, possible = items(data, view, options.n)
    drawn = drawings(model, regression, batch, possible, COUNTS[-1])
    found = measured(drawn, batch, possible)
    nats = {"the true law": rounded(exact(batch, possible)), **bounds(model, data, view, options.n)}
    print("log p(x | c), nats:", nats)
    assert batch.given is not None
    assert batch.given.images is not None
    shown = futures_picture(
        batch.given.images[:6],
        batch.images[:6],
        torch.cat([drawn["conditional VAE"][:6, :8], drawn["deterministic"][:6]], 1),
    )
    print("wrote", save_image(shown, PICTURES / "moving-futures.png", scale=2))
    plot(found, PICTURES / "moving-best-of.png")
    law = {"canvas": CANVAS, "frames": FRAMES, "directions": DIRECTIONS}
    command = f"python -m benchmarks.futures --runs runs -n {options.n}"
    about = {"results": found, "nats": nats, "law": law, "films": options.n}
    print("wrote", record("futures", about, command.split()))


if __name__ == "__main__":
    main()

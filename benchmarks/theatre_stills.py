"""The ring and the grid under every divergence: samples at five moments of training."""

import time
from collections.abc import Mapping
from typing import Any

import torch
from matplotlib.figure import Figure
from PIL import Image

from benchmarks.modes import INK, PICTURES, panel
from benchmarks.theatre_gradients import held
from benchmarks.theatre_line import palette
from genzoo import api
from genzoo.apply import sample
from genzoo.data.mixtures import MIXTURES
from genzoo.evaluation.modes import ENOUGH, POINTS, mixture_coverage
from genzoo.objectives.divergences import DIVERGENCES
from genzoo.training.loop import play
from genzoo.training.trainer import assemble
from genzoo.types import Items

SHARES = (0.01, 0.05, 0.2, 0.5, 1.0)
SHOWN = 1000  # of the 2,500 points that are judged
IMAGES = 300_000  # half of the recipe's


def played(data: str, divergence: str) -> tuple[list[Items], dict[str, Any]]:
    """One run of the recipe: points at each moment, and how they spread over the modes."""
    game = held(divergence)
    config, dataset = api.prepare(f"gan-{data}", objective=game, options={"images": IMAGES})
    run, began = assemble(config, dataset, torch.device("cpu")), time.process_time()
    points, said = [], []
    for share in SHARES:
        run.model.train()
        while run.images_seen < share * run.settings.budget:
            play(run)
        points.append(sample(run.learned(), POINTS, batch=POINTS))
        found = mixture_coverage(points[-1], MIXTURES[data])
        said.append(
            {
                "images": run.images_seen,
                "modes": found.modes(),
                "modes_20": found.modes(ENOUGH),
                "high_quality": round(found.high_quality[0], 4),
            }
        )
    took = round(time.process_time() - began, 1)
    print(f"{data}, {divergence}: {said[-1]}, {took} s", flush=True)
    return points, {"objective": game.spec, "moments": said, "processor_seconds": took}


def act() -> dict[str, Any]:
    """Every divergence on both, one seed; a picture for each of the two."""
    kept: dict[str, Any] = {}
    for data in MIXTURES:
        points: dict[str, list[Items]] = {}
        kept[data] = {}
        for name in DIVERGENCES:
            points[name], kept[data][name] = played(data, name)
        _picture(data, points, kept[data])
    return kept | {"images": IMAGES}


def _picture(data: str, points: Mapping[str, list[Items]], said: Mapping[str, Any]) -> None:
    """A row for each divergence, a column for each moment."""
    figure = Figure(figsize=(1.75 * len(SHARES) + 0.4, 1.95 * len(points)), layout="constrained", dpi=80)
    axes = figure.subplots(len(points), len(SHARES), squeeze=False)
    for number, (row, (name, moments)) in enumerate(zip(axes, points.items(), strict=True)):
        row[0].set_ylabel(name, fontsize=9.5, color=INK)
        for ax, share, items, found in zip(row, SHARES, moments, said[name]["moments"], strict=True):
            panel(ax, MIXTURES[data], items[:SHOWN].double())
            ax.set_title("" if number else f"{share:.0%} of training", fontsize=9.5, color=INK)
            ax.set_xlabel(
                f"{found['modes_20']} modes, {found['high_quality']:.0%} near", fontsize=8, color=INK
            )
    path = PICTURES / f"theatre-{data}.png"
    figure.savefig(path)
    Image.open(path).convert("RGB").quantize(palette=palette(), dither=Image.Dither.NONE).save(path)

"""What a critic's verdict tells a generator: slopes of costs, and gradients as a critic improves."""

from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from benchmarks.modes import INK, PICTURES
from genzoo import api
from genzoo.models.adversarial.gan import GAN
from genzoo.objectives.adversarial import Adversarial
from genzoo.objectives.divergences import DIVERGENCES
from genzoo.random import seeded
from genzoo.training.loop import make_move, play
from genzoo.training.run import Run
from genzoo.training.trainer import assemble
from genzoo.types import Batch

LOOKS = {
    "minimax": ("#2f6db3", "o", "-"),
    "non-saturating": ("#c2572b", "s", "-"),
    "least-squares": ("#7b4fa3", "^", "-"),
    "wasserstein": ("#2b2b2b", "D", "-"),
    "hinge": ("#3a8f4d", "v", (0, (5, 3))),
    "relativistic": ("#8a6d3b", "P", (0, (2, 2))),
}
TURNS = (60, 600, 3000)  # of the generators that are then left alone
MOVES = (0, 1, 3, 10, 30, 100, 300, 1000)
JUDGED, LATER = 4000, 10**6  # items that a gradient is averaged over; the number of their first batch


def slopes(scores: torch.Tensor) -> dict[str, list[float]]:
    """|∂cost/∂score| of the generator's cost under each divergence; a pair's real item has score 0."""
    found = {}
    for name, divergence in DIVERGENCES.items():
        here = scores.clone().requires_grad_()
        (slope,) = torch.autograd.grad(divergence.generator(here).sum(), here)
        found[name] = slope.abs().tolist()
    return found


def generators() -> dict[int, dict[str, torch.Tensor]]:
    """The weights of a non-saturating game on the ring after so many turns."""
    run, kept = _begun("non-saturating"), {}
    for turn in TURNS:
        while run.step < turn:
            play(run)
        kept[turn] = {name: w.clone() for name, w in run.model.state_dict().items()}
    return kept


def held(divergence: str) -> Adversarial:
    """The game of a divergence; a Wasserstein critic is held by a penalty on its slope.

    Its weight is that of the toy sets in the code of Gulrajani et al. (2017), arXiv:1704.00028. Their 10 for
    images is too much on a line, where a slope turns round only through 0 and pays the most there.
    """
    if divergence == "wasserstein":
        return Adversarial(divergence, critic_moves=5, penalty="gradient", penalty_weight=0.1)
    return Adversarial(divergence)


def _begun(divergence: str) -> Run:
    config, data = api.prepare("gan-ring8", objective=held(divergence), options={"schedule": "constant"})
    return assemble(config, data, torch.device("cpu"))


def gradients(divergence: str, weights: dict[str, torch.Tensor]) -> list[dict[str, float]]:
    """The norm of the generator's gradient while a fresh critic learns to tell its samples from data.

    Reference: Arjovsky & Bottou (2017), arXiv:1701.04862, figures 2 and 3, on another net.
    """
    run, found = _begun(divergence), []
    model, game = run.model, run.objective
    assert isinstance(model, GAN)
    model.load_state_dict(weights)
    with seeded(1, "fresh critic"):
        for layer in model.critic.modules():
            if isinstance(layer, torch.nn.Linear):
                layer.reset_parameters()
    while run.step <= MOVES[-1]:
        if run.step in MOVES:
            found.append({"moves": run.step, **_judged(run)})
        critic, _ = game.turn(model, run.step)
        make_move(run, critic, run.draw(), 0)
        run.step += 1
    return found


def _judged(run: Run) -> dict[str, float]:
    """The gradient's norm over all the generator's weights, and how well the critic tells pairs apart."""
    model, game = run.model, run.objective
    parameters = list(game.players(model)["generator"])
    batches = [run.place(run.batches.at(LATER + i)).images for i in range(JUDGED // run.settings.batch)]
    batch = Batch(torch.cat(batches))
    with seeded(2, "judged"):
        loss = game.turn(model, run.step)[1].loss(model, batch)
        norm = torch.stack([g.norm() for g in torch.autograd.grad(loss.total, parameters)]).norm()
    with seeded(2, "judged"), torch.no_grad():
        told = model.score(batch.images) > model.score(model.sample(len(batch)))
    return {"gradient_norm": float(norm), "told_apart": round(float(told.float().mean()), 4)}


def act() -> dict[str, Any]:
    """Curves and measured gradients under every divergence."""
    frozen = generators()
    measured: dict[str, dict[str, list[dict[str, float]]]] = {}
    for turn, weights in frozen.items():
        measured[str(turn)] = {name: gradients(name, weights) for name in DIVERGENCES}
        for name, points in measured[str(turn)].items():
            said = ", ".join(f"{p['moves']}: {p['gradient_norm']:.2g}" for p in points)
            print(
                f"generator of {turn} turns, {name}: {said}; told apart {points[-1]['told_apart']:.1%}",
                flush=True,
            )
    _picture(measured)
    return {"judged": JUDGED, "measured": measured}


def _picture(measured: dict[str, dict[str, list[dict[str, float]]]]) -> None:
    """Slopes on the left, then a panel for each frozen generator."""
    figure = Figure(figsize=(13, 3.9), layout="constrained", dpi=100)
    left, *rest = figure.subplots(1, 1 + len(measured))
    scores = torch.linspace(-7, 3, 201, dtype=torch.float64)
    for name, slope in slopes(scores).items():
        left.plot(scores, slope, color=LOOKS[name][0], linestyle=LOOKS[name][2], linewidth=1.7, label=name)
    ticks = np.array([0.001, 0.01, 0.1, 0.5, 0.9])
    left.set_xticks(np.log(ticks / (1 - ticks)), [f"{t:g}" for t in ticks])
    left.set(ylim=(-0.05, 2.6), xlabel="D(G(z)), the score being log D/(1 − D)")
    left.set_ylabel("|∂ cost of G / ∂ score|")
    left.set_title("how hard a score pushes", fontsize=11, color=INK)
    for ax, (turn, games) in zip(rest, measured.items(), strict=True):
        for name, points in games.items():
            norms = [max(p["gradient_norm"], 1e-12) for p in points]
            moves = [max(p["moves"], 0.4) for p in points]
            colour, marker, line = LOOKS[name]
            ax.plot(moves, norms, color=colour, marker=marker, linestyle=line, ms=4, linewidth=1.4)
        ax.set(xscale="log", yscale="log", xlabel="moves of the critic, G left alone")
        ax.set_xticks([0.4, 1, 10, 100, 1000], ["0", "1", "10", "100", "1000"])
        ax.minorticks_off()
        ax.set_title(f"G after {int(turn):,} turns", fontsize=11, color=INK)
    rest[0].set_ylabel("norm of G's gradient")
    for ax in (left, *rest):
        ax.grid(alpha=0.25, linewidth=0.6)
        ax.spines[["top", "right"]].set_visible(False)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(handles), frameon=False)
    figure.savefig(PICTURES / "theatre-gradients.png")

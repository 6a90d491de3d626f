"""A GAN on a line, turn by turn: densities of data and samples, the critic beside the best critic."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure, SubFigure
from numpy import ndarray
from PIL import Image

from benchmarks.modes import GOOD, INK, PICTURES, RING, STRAY
from genzoo.apply.film import save_film
from genzoo.data.arrays import assemble
from genzoo.data.batches import Batches
from genzoo.data.view import View
from genzoo.evaluation.one_dimension import Bumps, jensen_shannon, wasserstein
from genzoo.models.adversarial.gan import GAN
from genzoo.models.base import evaluating
from genzoo.objectives.adversarial import Adversarial
from genzoo.random import by_item, normal, seeded
from genzoo.training.loop import play
from genzoo.training.run import Run, start
from genzoo.training.settings import OptimizerSettings, Settings

TARGET = Bumps((0.6, 0.4), ((-1.5,), (1.5,)), (0.5, 0.5))
STEP = 0.02
X = np.arange(-4.5, 4.5, STEP)
DATA = np.exp(TARGET.log_prob(X[:, None]))
WINDOW = 0.06  # σ of the kernel of the density estimate
POINTS, BATCH, CRITIC_MOVES = 50_000, 256, 5
GAMES: dict[str, dict[str, Any]] = {
    "minimax": {},
    "non-saturating": {},
    "wasserstein": {"penalty": "gradient", "penalty_weight": 0.1},
}
RATES = {"critic": 2e-3, "generator": 2e-4}
STILLS = (0, 100, 300, 600, 2000)  # turns
MOMENTS = sorted({*STILLS, *np.geomspace(20, STILLS[-1], 36).round().astype(int).tolist()})
BLUE = "#2f6db3"
TINTS, HELD = 6, 3  # of each colour in small files; frames of 60 ms that a moment of the film is shown
LIPSCHITZ = 8.0  # units of a Wasserstein critic's score from the bottom of a panel to its 1


@dataclass(frozen=True, eq=False)
class Moment:
    """The game after so many turns, on `X`.

    Args:
        q: the density of samples.
        critic: what the critic says: D(x), or a Wasserstein critic's score.
        best: what the best critic of these samples would say.
        exact: JS(p ‖ q) in nats, or Wasserstein-1.
        value: what this critic takes it for, integrated against p and q: at most `exact`.
        places: G(z) of evenly spaced z.
    """

    turn: int
    q: ndarray
    critic: ndarray
    best: ndarray
    exact: float
    value: float
    places: ndarray

    def error(self) -> float:
        """The mean of |critic − best| over data and samples in equal parts."""
        return float(((DATA + self.q) / 2 * np.abs(self.critic - self.best)).sum() * STEP)


def judged(score: torch.Tensor, q: ndarray) -> dict[str, Any]:
    """D beside D* = p/(p + q), and JS beside (V(D) + log 4)/2: Goodfellow et al. (2014), theorem 1."""
    log_d = torch.nn.functional.logsigmoid
    value = float((DATA * log_d(score).numpy() + q * log_d(-score).numpy()).sum() * STEP)
    exact = jensen_shannon(TARGET.log_prob(X[:, None]), _log(q), STEP)
    best = DATA / (DATA + q)
    return {
        "critic": score.sigmoid().numpy(),
        "best": best,
        "exact": exact,
        "value": (value + math.log(4)) / 2,
    }


def judged_by_distance(score: torch.Tensor, q: ndarray) -> dict[str, Any]:
    """f, divided by its steepest slope, beside the best f* of slope ±1; W₁ beside ∫f(p − q) ≤ W₁.

    By parts ∫f(p − q) = ∫f′(F_q − F_p), which is W₁ where f′ is the sign of F_q − F_p. A constant added to f
    says nothing, so both have mean 0 over data and samples in equal parts.
    """
    f = score.numpy() / np.abs(np.diff(score.numpy()) / STEP).max()
    best = np.cumsum(np.sign(np.cumsum(q - DATA))) * STEP
    half = (DATA + q) / (DATA + q).sum()
    value = float((f * (DATA - q)).sum() * STEP)
    exact = wasserstein(TARGET.log_prob(X[:, None]), _log(q), STEP)
    return {"critic": f - half @ f, "best": best - half @ best, "exact": exact, "value": value}


def _log(q: ndarray) -> ndarray:
    with np.errstate(divide="ignore"):
        return np.log(q)


def begun(divergence: str) -> Run:
    """The game before its first turn."""
    labels = np.searchsorted(np.cumsum(TARGET.weights), (np.arange(POINTS) + 0.5) / POINTS)
    with by_item(torch.arange(POINTS), 0, "line"):
        noise = normal((POINTS, 1), torch.zeros((), dtype=torch.float64)).numpy()
    items = np.array(TARGET.centres)[labels] + np.array(TARGET.scales)[labels, None] * noise
    data = assemble("line", {"items": items.astype(np.float32)}, {"train": np.arange(POINTS)}, View())
    with seeded(0, "init"):
        model = GAN((1,), latent=1, hidden=(64, 64), prior="uniform")
    settings = Settings(images=POINTS, batch=BATCH)
    batches = Batches(data, view=View(), size=BATCH, seed=0)
    game = Adversarial(divergence, critic_moves=CRITIC_MOVES, **GAMES[divergence])
    rates = {player: OptimizerSettings(lr=lr, betas=(0.5, 0.999)) for player, lr in RATES.items()}
    return start(model, game, batches, settings, rates)


def seen(run: Run) -> Moment:
    """The game as it stands: q from 20,000 evenly spaced z."""
    model, game = run.model, run.objective
    assert isinstance(model, GAN)
    assert isinstance(game, Adversarial)
    with evaluating(model):
        z = (torch.arange(20_000) + 0.5) / 10_000 - 1
        samples = model.decode(z[:, None])[:, 0].double().numpy()
        score = model.score(torch.from_numpy(X[:, None]).float()).double()
    edges = np.append(X, X[-1] + STEP) - STEP / 2
    counts = np.histogram(samples, edges)[0] / (len(samples) * STEP)
    reach = np.arange(-4 * WINDOW, 4 * WINDOW + STEP / 2, STEP)
    kernel = np.exp(-np.square(reach / WINDOW) / 2)
    q = np.convolve(counts, kernel / kernel.sum(), mode="same")
    said = (judged if game.divergence.boundary is not None else judged_by_distance)(score, q)
    return Moment(run.step, q, places=samples[250::500], **said)


def played(divergence: str) -> list[Moment]:
    """One game, looked at now and then."""
    run, moments = begun(divergence), []
    for turn in MOMENTS:
        run.model.train()
        while run.step < turn:
            play(run)
        moments.append(seen(run))
    last = moments[-1]
    said = f"{last.exact:.4f}, by the critic {last.value:.4f}, critic's error {last.error():.3f}"
    print(f"{divergence}: {said}", flush=True)
    return moments


def act() -> dict[str, Any]:
    """Plays both games, draws five moments of each and the film."""
    games = {name: played(name) for name in GAMES}
    _stills(games)
    _film(games)
    kept = {
        name: [
            {"turn": m.turn}
            | {key: round(getattr(m, key), 5) for key in ("exact", "value")}
            | {"error": round(m.error(), 4)}
            for m in moments
        ]
        for name, moments in games.items()
    }
    settings = {"critic_moves": CRITIC_MOVES, "batch": BATCH, "hidden": [64, 64], "lr": RATES}
    return {"target": asdict(TARGET), "settings": settings, "games": kept}


def _moment(figure: Figure | SubFigure, moment: Moment, name: str) -> None:
    """Densities and critics above, the latents' way below, as in figure 1 of Goodfellow et al. (2014)."""
    above, below = figure.subplots(2, 1, height_ratios=(3.2, 1), sharex=True)
    distance = name == "wasserstein"
    critic, best = ((f / LIPSCHITZ + 0.5 if distance else f) for f in (moment.critic, moment.best))
    above.fill_between(X, DATA, color=STRAY, alpha=0.45, linewidth=0, label="data p")
    above.plot(X, moment.q, color=GOOD, linewidth=1.8, label="samples q")
    shown = best if distance else np.where(DATA + moment.q > 1e-3, best, np.nan)
    above.plot(X, shown, color=RING, linestyle=(0, (3, 2)), linewidth=1.4, label="best critic")
    above.plot(X, critic, color=BLUE, linewidth=1.4, label="critic")
    above.set(ylim=(0, 1.15), xlim=(-4.2, 4.2), yticks=[] if distance else [0, 0.5, 1])
    above.set_title(f"{name}, turn {moment.turn:,}", fontsize=11, color=INK)
    z = np.linspace(-4.2, 4.2, len(moment.places))
    ways = np.stack([z, moment.places]), np.repeat([[1], [0]], len(z), 1)
    below.plot(*ways, color=GOOD, linewidth=0.5, alpha=0.8)
    below.set(yticks=[0, 1], ylim=(0, 1), xticks=[])
    below.set_yticklabels(["x", "z"], fontsize=9)
    said = "W₁" if distance else "JS"
    below.set_xlabel(f"{said} {moment.exact:.3f}, the critic's {moment.value:.3f}", fontsize=9.5, color=INK)
    for ax in (above, below):
        ax.spines[["top", "right"]].set_visible(False)


def _legend(figure: Figure) -> None:
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False)


def _stills(games: Mapping[str, Sequence[Moment]]) -> None:
    """Five moments of each game, a row each."""
    figure = Figure(figsize=(13, 3 * len(games) + 0.4), layout="constrained", dpi=80)
    for row, (name, moments) in zip(figure.subfigures(len(games), 1), games.items(), strict=True):
        chosen = [moment for moment in moments if moment.turn in STILLS]
        for part, moment in zip(row.subfigures(1, len(STILLS)), chosen, strict=True):
            _moment(part, moment, name)
    _legend(figure)
    figure.savefig(PICTURES / "theatre-line.png")


def palette() -> Image.Image:
    """The picture's colours and their tints, as Pillow takes a palette."""
    shades = np.linspace(0, 1, TINTS, endpoint=False)
    inks = np.array([to_rgb(c) for c in (INK, STRAY, GOOD, RING, BLUE)])
    tints = [(1, 1, 1), *(ink + shade * (1 - ink) for ink in inks for shade in shades)]
    image = Image.new("P", (1, 1))
    image.putpalette((255 * np.array(tints)).round().astype(int).ravel().tolist())
    return image


def _film(games: Mapping[str, Sequence[Moment]]) -> None:
    """All moments, the games side by side, in few colours for the file's sake."""
    pictures, few = [], palette()
    for number in range(len(MOMENTS)):
        figure = Figure(figsize=(8.4, 3), layout="constrained", dpi=75)
        canvas = FigureCanvasAgg(figure)
        for part, (name, moments) in zip(figure.subfigures(1, len(games)), games.items(), strict=True):
            _moment(part, moments[number], name)
        _legend(figure)
        canvas.draw()
        image = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
        drawn = np.array(image.quantize(palette=few, dither=Image.Dither.NONE).convert("RGB"))
        pictures += [torch.from_numpy(drawn).permute(2, 0, 1)[None] / 255] * HELD
    print("wrote", save_film(pictures, PICTURES / "theatre-line.gif"))

"""What one Gaussian fits of several bumps under each divergence: a table and three pictures of it."""

from dataclasses import asdict
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.modes import GOOD, INK, PICTURES, RING, STRAY
from genzoo.evaluation.one_dimension import OF_DENSITIES, Bumps, Fit, minima

NAMES = {
    "kl": "KL(p ‖ q), likelihood",
    "reverse-kl": "KL(q ‖ p)",
    "jensen-shannon": "Jensen–Shannon",
    "hellinger": "squared Hellinger",
    "triangular": "∫(p − q)²/(p + q)",
    "pearson": "Pearson's χ²",
    "wasserstein": "Wasserstein-1",
}
COLOURS = ("#2f6db3", "#c43c39", "#c2572b", "#8a6d3b", "#7b4fa3", "#3a8f4d", "#2b2b2b")
WEIGHTS, WIDTH = (0.6, 0.4), 0.6
HALVES = np.arange(0.5, 3.51, 0.25)  # half of the distance between the two centres
PLANE = Bumps((0.5, 0.3, 0.2), ((-2.0, 0.0), (2.0, 0.0), (0.0, 3.0)), (0.6, 0.6, 0.6))


def two(half: float) -> Bumps:
    """Two bumps of weights 0.6 and 0.4 at −half and half."""
    return Bumps(WEIGHTS, ((-half,), (half,)), (WIDTH, WIDTH))


def act() -> dict[str, Any]:
    """All minima on a line, the best fit as the bumps move apart, and all minima in the plane."""
    line = {name: minima(two(2.0), of) for name, of in OF_DENSITIES.items()}
    for name, fits in line.items():
        print(f"{NAMES[name]:28}", *(f"m {f.mean[0]:+.3f} s {f.scale:.3f} at {f.value:.4f};" for f in fits))
    moved = {name: [minima(two(half), of)[0] for half in HALVES] for name, of in OF_DENSITIES.items()}
    _lines(line, moved)
    plane = {name: minima(PLANE, OF_DENSITIES[name]) for name in ("kl", "reverse-kl", "jensen-shannon")}
    _plane(plane)
    return {
        "target": asdict(two(2.0)),
        "line": {name: [asdict(fit) for fit in fits] for name, fits in line.items()},
        "one_bump_from_half_distance": {name: _switch(fits) for name, fits in moved.items()},
        "plane_target": asdict(PLANE),
        "plane": {name: [asdict(fit) for fit in fits] for name, fits in plane.items()},
    }


def _switch(fits: list[Fit]) -> float | None:
    """The least half distance from which on the best fit is as narrow as one bump; None if it never is."""
    wide = [i for i, fit in enumerate(fits) if fit.scale > 1.2 * WIDTH]
    first = wide[-1] + 1 if wide else 0
    return float(HALVES[first]) if first < len(fits) else None


def _lines(line: dict[str, list[Fit]], moved: dict[str, list[Fit]]) -> None:
    """A panel for each divergence, and one of the best σ as the bumps move apart."""
    figure = Figure(figsize=(12, 5.6), layout="constrained", dpi=100)
    panels = figure.subplots(2, 4).flat
    x = np.linspace(-6, 6, 601)[:, None]
    for ax, (name, fits) in zip(panels, line.items(), strict=False):
        ax.fill_between(
            x[:, 0], np.exp(two(2.0).log_prob(x)), color=STRAY, alpha=0.45, linewidth=0, label="p"
        )
        for number, fit in enumerate(fits):
            look: dict[str, Any] = {"color": GOOD, "linewidth": 2, "label": "best q"}
            if number:
                other = "other minimum" if number == 1 else None
                look = {"color": RING, "linestyle": (0, (3, 2)), "linewidth": 1.1, "label": other}
            ax.plot(x[:, 0], np.exp(fit.gaussian.log_prob(x)), **look)
        ax.set_title(NAMES[name], fontsize=11, color=INK)
        ax.set_xlabel(f"m = {fits[0].mean[0]:.2f}, s = {fits[0].scale:.2f}", fontsize=9.5, color=INK)
        ax.set(ylim=(0, 0.72), yticks=[], xticks=[-4, -2, 0, 2, 4])
        ax.spines[["top", "right", "left"]].set_visible(False)
    _apart(figure.axes[-1], moved)
    handles, labels = figure.axes[1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False)
    figure.savefig(PICTURES / "theatre-fits.png")


def _apart(ax: Any, moved: dict[str, list[Fit]]) -> None:
    """The best σ against the distance of the bumps' centres."""
    for (name, fits), colour in zip(moved.items(), COLOURS, strict=True):
        ax.plot(
            2 * HALVES,
            [fit.scale for fit in fits],
            color=colour,
            linewidth=1.5,
            label=NAMES[name].partition(",")[0],
        )
    ax.set_title("s of the best fit", fontsize=11, color=INK)
    ax.set_xlabel("distance of the bumps' centres", fontsize=9.5, color=INK)
    ax.legend(frameon=False, fontsize=7.5, handlelength=1.2)
    ax.spines[["top", "right"]].set_visible(False)


def _plane(plane: dict[str, list[Fit]]) -> None:
    """The target's density with the best Gaussian as circles of 1σ and 2σ, other minima as dashed circles."""
    figure = Figure(figsize=(9, 3.6), layout="constrained", dpi=100)
    side = np.linspace(-4.5, 4.5, 181)
    points = np.stack(np.meshgrid(side, side + 1), -1)
    angle = np.linspace(0, 2 * np.pi, 181)
    for ax, (name, fits) in zip(figure.subplots(1, len(plane)), plane.items(), strict=True):
        ax.contourf(side, side + 1, np.exp(PLANE.log_prob(points)), 14, cmap="Greys", vmax=0.35)
        for number, fit in enumerate(fits):
            for radius in (1, 2) if not number else (1,):
                x, y = (
                    c + radius * fit.scale * f(angle) for c, f in zip(fit.mean, (np.cos, np.sin), strict=True)
                )
                ax.plot(
                    x, y, color=RING if number else GOOD, linestyle="--" if number else "-", linewidth=1.6
                )
        ax.set_title(NAMES[name], fontsize=11, color=INK)
        ax.set_xlabel(
            f"m = ({fits[0].mean[0]:.2f}, {fits[0].mean[1]:.2f}), s = {fits[0].scale:.2f}", fontsize=9.5
        )
        ax.set(aspect="equal", xticks=[], yticks=[], xlim=(-4.5, 4.5), ylim=(-3.5, 5.5))
    figure.savefig(PICTURES / "theatre-plane.png")

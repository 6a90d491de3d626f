"""A chart of simulated futures: the past, what really followed, k draws and the band that most lie in."""

import importlib.util
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from PIL import Image

from genzoo.errors import BadInput

SHOWN = (3, 6)  # windows and variables, at most
_PAST, _TRUE, _DRAWN = "#33373d", "#d1495b", "#3d7ea6"
_BAND = (10, 90)  # percentiles


def check_matplotlib() -> None:
    """BadInput with the remedy unless matplotlib is installed."""
    if importlib.util.find_spec("matplotlib") is None:
        raise BadInput("a chart of futures needs matplotlib: pip install 'genzoo[report]'; or --out NAME.csv")


def futures_chart(
    truth: Float[ndarray, "n t d"] | None,
    futures: Float[ndarray, "n k h d"],
    past: int,
    names: Sequence[str],
) -> Image.Image:
    """A row for each variable, a column for each window; of more windows those that are evenly spaced.

    Args:
        truth: the windows as they were; None where the future is not known yet.
        futures: with the past above them, in units.
        past: steps that were given.
        names: of the variables.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    shown = np.linspace(0, len(futures) - 1, min(len(futures), SHOWN[0])).round().astype(int)
    columns, rows = len(shown), min(len(names), SHOWN[1])
    with mpl.rc_context({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(3.4 * columns + 1, 1.5 * rows + 0.7), layout="constrained", dpi=150)
        panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey="row")
        for i, j in np.ndindex(rows, columns):
            came = None if truth is None else truth[shown[j], :, i]
            _panel(panels[i, j], futures[shown[j], :, :, i], came, past)
            panels[i, 0].set_ylabel(names[i])
            panels[rows - 1, j].set_xlabel("steps ahead")
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False)
        file = io.BytesIO()
        figure.savefig(file, format="png", facecolor="white")
    return Image.open(file).convert("RGB")


def _panel(axes: Any, drawn: Float[ndarray, "k h"], came: Float[ndarray, " h"] | None, past: int) -> None:
    """One variable of one window."""
    ahead = np.arange(1 - past, drawn.shape[1] - past + 1)
    now = slice(past - 1, None)
    low, high = np.percentile(drawn[:, now], _BAND, axis=0)
    band = f"{_BAND[0]}–{_BAND[1]}% of {len(drawn)} futures"
    axes.axvline(0, color="#bbbbbb", linewidth=0.8)
    axes.plot(ahead[:past], drawn[0, :past], color=_PAST, linewidth=1.2, label="past")
    axes.fill_between(ahead[now], low, high, color=_DRAWN, alpha=0.18, linewidth=0, label=band)
    axes.plot(ahead[now], drawn[:8, now].T, color=_DRAWN, linewidth=0.5, alpha=0.7)
    if came is not None:
        axes.plot(ahead[now], came[now], color=_TRUE, linewidth=1.4, label="what came")

"""The odd and the typical images of a data set side by side, and how scores tell it from another."""

import importlib.util
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from genzoo.apply import picture_scale
from genzoo.errors import BadInput
from genzoo.images import grid, to_pil
from genzoo.types import Images

_MARGIN, _HEADING, _SMALL = 24, 20, 14  # pixels: around a panel; of letters
_INK, _MUTED = "#1a1a1a", "#666666"
COLOURS = ("#2f6db3", "#d07a2d")  # of the two data sets


@dataclass(frozen=True)
class Panel:
    """Some images under a heading.

    Args:
        heading: what they have in common.
        said: in small letters under it.
        images: in reading order.
    """

    heading: str
    said: str
    images: Images


def panels_picture(rows: Sequence[Sequence[Panel]], below: Image.Image | None = None) -> Image.Image:
    """Rows of panels side by side, all of one size, and another picture under them.

    >>> import torch
    >>> panel = Panel("odd", "of 2", torch.zeros(2, 1, 4, 4))
    >>> panels_picture([[panel, panel]]).mode
    'RGB'
    """
    drawn = [[_panel(panel) for panel in row] for row in rows]
    width = max(panel.width for row in drawn for panel in row)
    across = _MARGIN + max(len(row) for row in drawn) * (width + _MARGIN)
    heights = [max(panel.height for panel in row) + _MARGIN for row in drawn]
    if below is not None:
        below = below.resize((across, round(below.height * across / below.width)), Image.Resampling.LANCZOS)
    page = Image.new(
        "RGB", (across, _MARGIN + sum(heights) + (below.height if below is not None else 0)), "white"
    )
    top = _MARGIN
    for row, height in zip(drawn, heights, strict=True):
        for column, panel in enumerate(row):
            page.paste(panel, (_MARGIN + column * (width + _MARGIN), top))
        top += height
    if below is not None:
        page.paste(below, (0, top))
    return page


def _panel(panel: Panel) -> Image.Image:
    heading, small = (ImageFont.load_default(size) for size in (_HEADING, _SMALL))
    n, _, h, w = panel.images.shape
    columns = min(n, 6)
    scale = picture_scale(h, w)
    images = to_pil(grid(panel.images, columns, gap=1)).convert("RGB")
    images = images.resize((images.width * scale, images.height * scale), Image.Resampling.NEAREST)
    letters = max(heading.getlength(panel.heading), small.getlength(panel.said))
    top = 2 * _HEADING + _SMALL
    page = Image.new("RGB", (max(images.width, round(letters) + 1), top + images.height), "white")
    draw = ImageDraw.Draw(page)
    draw.text((0, 0), panel.heading, _INK, heading)
    draw.text((0, round(1.5 * _HEADING)), panel.said, _MUTED, small)
    page.paste(images, (0, top))
    return page


def check_histogram() -> None:
    """BadInput with the remedy unless matplotlib is installed."""
    if importlib.util.find_spec("matplotlib") is None:
        raise BadInput(
            "--against with a picture draws a histogram, which needs matplotlib: pip install 'genzoo[report]'"
        )


def histogram(sets: Sequence[tuple[str, Float[Tensor, " _"]]], xlabel: str, title: str) -> Image.Image:
    """How the scores of two sets are distributed; the outermost 0.5% of a set may stand in the end bins.

    Args:
        sets: the name and the scores of each.
        xlabel: what a score is, with its unit.
        title: what the two have to do with each other.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    ends = [_ends(scores.double().cpu()) for _, scores in sets]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    if low == high:
        low, high = low - 0.5, high + 0.5
    look: Any = {"bins": 80, "range": (low, high), "histtype": "stepfilled", "alpha": 0.55}
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(9, 2.8), layout="constrained", dpi=200)
        axes = figure.subplots()
        for (name, scores), colour in zip(sets, COLOURS, strict=True):
            n = len(scores)
            label = f"{name} ({n:,})"
            within = scores.double().cpu().clamp(low, high).numpy()
            axes.hist(within, weights=[1 / n] * n, color=colour, label=label, **look)
        axes.set(xlabel=xlabel, ylabel="share", title=title)
        axes.legend(frameon=False)
        file = io.BytesIO()
        figure.savefig(file, format="png", facecolor="white")
    return Image.open(file).convert("RGB")


def _ends(scores: Float[Tensor, " n"]) -> tuple[float, float]:
    """Between which all but the outermost 0.5% at either end lie."""
    ranked = scores.sort().values
    low, high = (float(ranked[round(q * (len(ranked) - 1))]) for q in (0.005, 0.995))
    return low, high

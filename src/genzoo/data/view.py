"""A view: how the items of a data set are presented to a model. A run remembers its view."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from genzoo.errors import BadInput

Fit = Literal["crop", "pad", "patches"]
Half = Literal["left", "right"]  # of a file that holds two images side by side
Binarize = Literal["none", "threshold", "static", "dynamic"]
Degrade = Literal["grey", "half", "quarter", "edges", "masked", "past"]
SEEN = {
    "grey": "their grey versions",
    "half": "their half-size versions",
    "quarter": "their quarter-size versions",
    "edges": "drawings of their outlines",
    "masked": "all but their centres",
    "past": "their first frames",
}


@dataclass(frozen=True)
class View:
    """How items are presented; the first four fields shape the stored array, the others each batch.

    Args:
        size: N or HxW of the images; without it they keep their own, which must then all be equal.
        channels: 1 grey, 3 RGB, 4 RGBA; without it the source's own.
        fit: `crop` resizes the shorter side and crops the centre; `pad` resizes the longer and pads;
            `patches` cuts image files into as many of this size as cover them, at their own resolution.
        background: what transparency is composited on and padding is filled with: a name or #rrggbb.
        levels: pixels take this many evenly spaced values.
        binarize: `threshold` at 1/2; `static`: one Bernoulli draw per pixel, fixed by (seed, index);
            `dynamic`: a new draw each time in training, fixed by (seed, index) in evaluation.
        degrade: what is left of each image and given to a net that learns to draw the image from it: its
            `grey` version, a small one of `half` or a `quarter` of its sides, a drawing of its outlines
            (`edges`), all but its centre (`masked`), or of films, square frames one below the other, the
            first frame (`past`); without it nothing is given.
    """

    size: tuple[int, int] | None = None
    channels: Literal[1, 3, 4] | None = None
    fit: Fit = "crop"
    background: str = "white"
    levels: int = 256
    binarize: Binarize = "none"
    degrade: Degrade | None = None

    def __post_init__(self) -> None:
        if not 2 <= self.levels <= 256:
            raise BadInput(f"--levels must be from 2 to 256, got {self.levels}")
        if self.size is not None and min(self.size) < 1:
            raise BadInput(f"--size must be positive, got {self.size[0]}x{self.size[1]}")
        if self.size is None and self.fit == "patches":
            raise BadInput("--fit patches needs the size of a patch; give --size, such as --size 96")

    @property
    def values(self) -> int:
        """How many values a pixel can take."""
        return self.levels if self.binarize == "none" else 2

    def to_json(self) -> dict[str, Any]:
        """As JSON; `View.from_json` is its inverse."""
        return asdict(self) | {"size": list(self.size) if self.size else None}

    @staticmethod
    def from_json(value: dict[str, Any]) -> "View":
        """The view that `to_json` wrote."""
        return View(**value | {"size": tuple(value["size"]) if value.get("size") else None})

    def protocol(self) -> str:
        """In words, for reports.

        >>> View(binarize="dynamic").protocol()
        'dynamic binarization'
        >>> View(degrade="grey").protocol()
        '256 levels given their grey versions'
        """
        said = f"{self.levels} levels" if self.binarize == "none" else f"{self.binarize} binarization"
        return f"{said} given {SEEN[self.degrade]}" if self.degrade else said

"""What all fully visible belief nets share: exact scores, and samples at the cost of about one pass."""

from abc import abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.densities import Density
from genzoo.densities.categorical import on_grid
from genzoo.errors import BadInput
from genzoo.models.autoregressive.outputs import Output
from genzoo.models.base import Model
from genzoo.nn.replay import Replay, replays
from genzoo.nn.tape import Tape
from genzoo.random import uniform
from genzoo.types import Given, Images, Known, Nats


class Autoregressive(Model):
    """log p(x) = Σᵢ log p(xᵢ | x₁ … xᵢ₋₁) over the pixels, and the channels of a pixel, in the net's order.

    A subclass is a causal net: `parameters_of` maps whole images to the parameters of every pixel's
    distribution in one pass, and `record` writes down what one more pixel of the same net costs.

    Args:
        shape: (c, h, w), any of each.
        output: what the net's numbers mean.
    """

    levels: int

    def __init__(self, shape: Sequence[int], output: Output) -> None:
        super().__init__(shape)
        if len(self.shape) != 3:
            raise BadInput(f"{type(self).__name__} takes images of shape (c, h, w), got {self.shape}")
        self.output = output
        self.levels = output.levels

    @abstractmethod
    def parameters_of(self, seen: Float[Tensor, "b c h w"], given: Given | None) -> Float[Tensor, "b _ h w"]:
        """The parameters at every pixel, shape (b, output.parameters, h, w).

        Args:
            seen: images as `seen_as` makes them, in [−1, 1].
            given: the conditions.
        """

    @abstractmethod
    def record(self, tape: Tape, given: Given | None) -> None:
        """Writes down what one more pixel costs, under the conditions of one batch."""

    @property
    def orderings(self) -> int:
        """Orders of the pixels that images are drawn in."""
        return 1

    def conditionals(self, images: Images, given: Given | None = None) -> Density:
        """p(xᵢ | x₁ … xᵢ₋₁) of every pixel and channel at once."""
        self.check(images, given)
        maps = self.parameters_of(seen_as(images.to(self.like.dtype)), given)
        return self.output.density(maps.to(self.like.dtype))  # under autocast too

    def log_prob(self, images: Images, given: Given | None = None) -> Nats:
        """Exact log p(x), nats; a ValueError for images whose pixels are not on the grid of levels."""
        return self.conditionals(images, given).log_prob(images)

    def log_prob_known(self, images: Images, known: Known, given: Given | None = None) -> Nats:
        """Σ log p(xᵢ | the known ones before it) over the known pixels, nats; the others are not looked at.

        Where a pixel is unknown the net sees 0 in [−1, 1], which no pixel is if levels are even in number.
        With all pixels known it is log p(x); with the first ones known, in the net's order, it is the exact
        log-probability of those. Otherwise it is what a net trained with the same kind of gaps learns.
        """
        self.check(images, given)
        self._check_known(images, known)
        shown = torch.where(known, images, 0).to(self.like.dtype)
        maps = self.parameters_of(torch.where(known, seen_as(shown), 0), given).to(self.like.dtype)
        here = known[:, 0]  # b h w
        scored, pixels = (x.movedim(1, -1)[here][..., None, None] for x in (maps, shown))
        nats = shown.new_zeros(here.shape)
        nats[here] = self.output.density(scored).log_prob(pixels)
        return nats.flatten(1).sum(1)

    def sample(self, n: int, given: Given | None = None, *, temperature: float = 1.0) -> Images:
        """`n` new images; each pixel costs only what it adds."""
        self.check_given(given)
        blank = self.like.new_zeros(n, *self.shape)
        nothing = torch.zeros(n, 1, *self.shape[1:], dtype=torch.bool, device=blank.device)
        return self.fill(blank, nothing, given, temperature=temperature)

    def complete(
        self, images: Images, known: Known, given: Given | None = None, *, temperature: float = 1.0
    ) -> Images:
        """The images with the unknown pixels drawn in the net's order, each from p(xᵢ | all before it).

        An unknown pixel is drawn from what lies before it; a known pixel after it does not bear on it.
        """
        self.check(images, given)
        self._check_known(images, known)
        start = torch.where(known, images, 0).to(self.like.dtype)
        on_grid(start, self.levels)
        drawn = self.fill(start, known, given, temperature=temperature)
        return torch.where(known, images, drawn.to(images.dtype))

    def _check_known(self, images: Images, known: Known) -> None:
        expected = (len(images), 1, *self.shape[1:])
        if known.shape != expected:
            raise ValueError(f"expected known of shape {expected}, got {tuple(known.shape)}")

    def tape(self, given: Given | None = None) -> Tape:
        """What one more pixel costs, under these conditions and with the weights as they are now."""
        tape = Tape((self.shape[1], self.shape[2]), self.like)
        with torch.no_grad():
            self.record(tape, given)
        return tape

    @torch.no_grad()
    def fill(
        self,
        images: Images,
        known: Known,
        given: Given | None = None,
        *,
        temperature: float = 1.0,
    ) -> Images:
        """Draws the unknown pixels in place, with one uniform number for each image, pixel and channel."""
        noise = uniform(images.shape, images)
        if not len(images) or bool(known.all()):
            return images
        tape = self.tape(given)
        rows = rows_to_visit(tape, known)

        def work(share: tuple[slice, Replay]) -> None:
            mine, progress = share
            own = (images[mine], known[mine], noise[mine])
            for row, visits in rows:
                progress.start_row(row)
                progress.fill(visits, *own, self.output, temperature)

        shares = replays(tape, len(images))
        if len(shares) == 1:
            work(shares[0])
        else:
            with ThreadPoolExecutor(torch.get_num_threads()) as pool:
                list(pool.map(work, shares))
        return images


def rows_to_visit(tape: Tape, known: Known) -> list[tuple[int, range]]:
    """Runs of visits of one row, up to the last pixel that is unknown in any image."""
    unknown = (~known).any(0)[0].tolist()
    last = max(i for i, v in enumerate(tape.visits) if unknown[v.row][v.column])
    runs = groupby(range(last + 1), lambda i: tape.visits[i].row)
    found = [(row, list(visits)) for row, visits in runs]
    return [(row, range(visits[0], visits[-1] + 1)) for row, visits in found]


def seen_as(images: Tensor) -> Tensor:
    """From [0, 1] to [−1, 1], so that the zeros beyond the border are not the value of a black pixel."""
    return images * 2 - 1

"""Globally and locally consistent completion: a net that fills holes, judged by image and window."""

from collections.abc import Iterator, Sequence

from jaxtyping import Bool
from torch import Tensor

from genzoo.errors import BadInput
from genzoo.models.base import Model
from genzoo.models.registry import register
from genzoo.nn.completing import CompletionNet, ContextCritic, Corners
from genzoo.nn.critic import Judged
from genzoo.types import Given, Images, Known

_WHOLE = 2**20  # pixels of an image that are completed in one piece
_TILE = 512  # side of the squares whose holes are filled one after the other in a larger one


@register(
    "completion",
    place="likelihood/implicit/direct",
    title="Globally and locally consistent image completion",
    formula="min_C max_D E‖M ⊙ (C(x, M) − x)‖² + α·(E[log D(x, M')] + E[log(1 − D(C(x, M), M))])",
    reference="Iizuka, Simo-Serra & Ishikawa, 2017, ACM Transactions on Graphics 36(4)",
    objective={"class": "Completion"},
    tiny={
        "": {"shape": (3, 16, 16), "window": 8, "width": 2},
        "strokes": {"shape": (1, 12, 16), "window": 6, "width": 2},
    },
    games={
        "": {"class": "Completion", "alone_images": 8, "critic_images": 8},
        "strokes": {"class": "Completion", "alone_images": 8, "critic_images": 8, "holes": "strokes"},
    },
    optimizer={"name": "adam", "lr": 1e-3},
)
class ContextCompletion(Model):
    """C fills what is unknown of an image, from far around the hole; what is known stays as it is.

    The critic looks at the whole image and, in a branch of its own, at a window around the hole. In use only
    C is needed, and it takes images of any size and holes of any form. It draws nothing: a hole has one
    completion.

    Reference: Iizuka, Simo-Serra & Ishikawa, 2017, "Globally and locally consistent image completion", ACM
    Transactions on Graphics 36(4), sections 3.1 to 3.3. The published optimizer is Adadelta.

    >>> import torch
    >>> net = ContextCompletion((3, 16, 16), window=8, width=2).eval()
    >>> net.complete(torch.rand(1, 3, 20, 37), torch.rand(1, 1, 20, 37) < 0.5).shape
    torch.Size([1, 3, 20, 37])

    Args:
        shape: (c, h, w) of the images to learn from.
        window: side of the window that the local critic sees; 0: half the image's shorter side, as published.
        width: channels of the finest maps, 64 as published.
    """

    any_size = one_completion = True

    def __init__(self, shape: Sequence[int], *, window: int = 0, width: int = 64) -> None:
        super().__init__(shape)
        if len(self.shape) != 3:
            raise BadInput(f"completion fills images of shape (c, h, w), got items of shape {self.shape}")
        channels, *size = self.shape
        self.window = window or min(size) // 2
        self.completer = CompletionNet(channels, width)
        self.critic = ContextCritic(channels, size, (self.window, self.window), width)

    def complete(
        self, images: Images, known: Known, given: Given | None = None, *, temperature: float = 1.0
    ) -> Images:
        """The images with every pixel where `known` is False made anew; the others untouched bit for bit.

        There is no noise, so the temperature says nothing. In use, images of more than 2²⁰ pixels are filled
        hole by hole, each with what is in the net's reach around it: memory does not grow with the image.
        """
        self.check_given(given)
        if self.training or images[0, 0].numel() <= _WHOLE:
            return self._filled(images, known)
        made, (reach, step) = images.clone(), self.completer.reach()
        for rows, columns in _holes((~known).any(0)[0]):
            top, left = (max(0, side.start - reach) // step * step for side in (rows, columns))
            bottom, right = (-(-(side.stop + reach) // step) * step for side in (rows, columns))
            part = (..., slice(top, bottom), slice(left, right))
            hole = (
                slice(rows.start - top, rows.stop - top),
                slice(columns.start - left, columns.stop - left),
            )
            made[..., rows, columns] = self._filled(images[part], known[part])[..., *hole]
        return made

    def _filled(self, images: Images, known: Known) -> Images:
        made = (self.completer(2 * images - 1, known) + 1) / 2
        return made.where(~known, images)

    def judge(self, images: Images, windows: Corners) -> Judged:
        """What the critic says of images and of the windows in them that begin at these rows and columns."""
        return self.critic(2 * images - 1, windows)


def _holes(hidden: Bool[Tensor, "h w"]) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of what is hidden in each square of a raster."""
    for top in range(0, hidden.shape[0], _TILE):
        for left in range(0, hidden.shape[1], _TILE):
            places = hidden[top : top + _TILE, left : left + _TILE].nonzero()
            if len(places):
                first, last = places.amin(0).tolist(), places.amax(0).tolist()
                yield (
                    slice(top + first[0], top + last[0] + 1),
                    slice(left + first[1], left + last[1] + 1),
                )

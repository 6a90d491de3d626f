"""What is left of an image without its colours, details or centre: what a net that redraws it is given."""

from collections.abc import Sequence

import torch
from einops import reduce
from jaxtyping import Float, Int
from torch import Tensor

from genzoo.data.view import Degrade
from genzoo.errors import BadInput
from genzoo.images import centre, to_levels
from genzoo.types import Images

REMEDY = (
    "add --degrade grey, half, quarter, edges, masked or past, or give data that come in pairs: "
    "pairs:A::B or halves:SOURCE"
)
LUMA = (19595, 38470, 7471)  # of red, green and blue, in 2⁻¹⁶: 0.299, 0.587 and 0.114
FACTORS = {"half": 2, "quarter": 4}
SMOOTH = (1, 2, 1)  # a binomial of σ = 0.71 pixels
BLACK = 0.5  # the height of a step, of the whole range, that is drawn as a black line
_STEP = (1 + 2) * sum(SMOOTH) * 4  # |gradient| beside a step of one level, of SMOOTH and Sobel's taps


def degraded_shape(shape: Sequence[int], how: Degrade) -> tuple[int, int, int]:
    """(c, h, w) of what is left of images of `shape`.

    >>> degraded_shape((3, 32, 32), "grey"), degraded_shape((3, 32, 32), "quarter")
    ((1, 32, 32), (3, 8, 8))
    >>> degraded_shape((3, 32, 32), "edges"), degraded_shape((3, 32, 32), "masked")
    ((1, 32, 32), (3, 32, 32))
    >>> degraded_shape((3, 96, 32), "past")
    (3, 32, 32)

    Raises:
        BadInput: for images that have no colours, or opacity where outlines are drawn; sides that are no
            multiple of 2 or 4; frames that are not square.
    """
    if len(shape) != 3:
        raise BadInput(f"--degrade {how}: items are {'x'.join(map(str, shape))}, not images")
    c, h, w = shape
    if how == "grey":
        if c != 3:
            raise BadInput(f"--degrade grey: images have {c} channels, only 3 are colours; give --channels 3")
        return 1, h, w
    if how == "past":
        if h % w:
            raise BadInput(f"--degrade past: {h}x{w} is no film of square frames one below the other")
        return c, w, w
    if how == "edges":
        if c not in (1, 3):
            raise BadInput(f"--degrade edges: images have {c} channels; give --channels 1 or 3")
        return 1, h, w
    if how == "masked":
        return c, h, w
    factor = FACTORS[how]
    if h % factor or w % factor:
        raise BadInput(
            f"--degrade {how}: {h}x{w} does not divide by {factor}; give --size with sides that do"
        )
    return c, h // factor, w // factor


def degraded(images: Images, how: Degrade, levels: int = 256) -> Float[Tensor, "b _ _ _"]:
    """What is left of images: their luma, the mean of each 2x2 or 4x4 box, their outlines, all but their
    centre; on the same grid of levels.

    Computed in whole numbers, halves rounded up: a grey image and the luma of its RGB twin are equal.

    Reference: luma Y' = 0.299 R' + 0.587 G' + 0.114 B' of ITU-R BT.601, §2.5.1.

    Args:
        levels: of the pixels.

    >>> degraded(torch.tensor([[[[0.0, 1.0], [1.0, 1.0]]]]), "half", levels=5)
    tensor([[[[0.7500]]]])
    """
    degraded_shape(images.shape[1:], how)
    numbers = to_levels(images, levels)
    if how == "grey":
        left = _luma(numbers)
    elif how == "edges":
        left = _outlines(_luma(numbers) if images.shape[1] == 3 else numbers, levels)
    elif how == "masked":
        left, (rows, columns) = numbers, centre(images.shape[2], images.shape[3])
        left[:, :, rows, columns] = levels // 2
    else:
        factor = FACTORS[how]
        sums = reduce(numbers, "b c (h i) (w j) -> b c h w", "sum", i=factor, j=factor)
        left = (2 * sums + factor**2) // (2 * factor**2)
    return left.to(images.dtype) / (levels - 1)


def _luma(numbers: Int[Tensor, "b 3 h w"]) -> Int[Tensor, "b 1 h w"]:
    luma = (numbers * torch.tensor(LUMA, device=numbers.device)[:, None, None]).sum(1, keepdim=True)
    return (luma + 2**15) >> 16


def _outlines(grey: Int[Tensor, "b 1 h w"], levels: int) -> Int[Tensor, "b 1 h w"]:
    """Dark lines on white: 1 − |gradient|, clipped; a step of `BLACK` of the range makes a black line.

    The gradient is Sobel's of the smoothed image, whose border pixels go on beyond it. Everything up to the
    root is in whole numbers, so no batch and no machine draws another line.

    Reference: Sobel & Feldman, 1968; the smoothing is Canny's, 1986, doi:10.1109/TPAMI.1986.4767851.
    """
    smooth = _along(_along(grey, SMOOTH, 2), SMOOTH, 3)
    down = _along(_along(smooth, (-1, 0, 1), 2), (1, 2, 1), 3)
    right = _along(_along(smooth, (-1, 0, 1), 3), (1, 2, 1), 2)
    length = (down * down + right * right).double().sqrt()
    strength = (length / (_STEP * BLACK)).round().long()
    return levels - 1 - strength.clamp(max=levels - 1)


def _along(numbers: Int[Tensor, "b c h w"], taps: Sequence[int], axis: int) -> Int[Tensor, "b c h w"]:
    """The sum of shifted copies, weighted by the taps; what lies beyond the border is as the border."""
    n, reach = numbers.shape[axis], len(taps) // 2
    at = torch.arange(n, device=numbers.device)
    shifted = (numbers.index_select(axis, (at + k - reach).clamp(0, n - 1)) for k in range(len(taps)))
    return torch.stack([tap * copy for tap, copy in zip(taps, shifted, strict=True)]).sum(0)

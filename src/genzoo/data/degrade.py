"""What is left of an image without its colours or details: what a net that redraws it is given."""

from collections.abc import Sequence

import torch
from einops import reduce
from jaxtyping import Float
from torch import Tensor

from genzoo.data.view import Degrade
from genzoo.errors import BadInput
from genzoo.images import to_levels
from genzoo.types import Images

LUMA = (19595, 38470, 7471)  # of red, green and blue, in 2⁻¹⁶: 0.299, 0.587 and 0.114
FACTORS = {"half": 2, "quarter": 4}


def degraded_shape(shape: Sequence[int], how: Degrade) -> tuple[int, int, int]:
    """(c, h, w) of what is left of images of `shape`.

    >>> degraded_shape((3, 32, 32), "grey"), degraded_shape((3, 32, 32), "quarter")
    ((1, 32, 32), (3, 8, 8))
    >>> degraded_shape((3, 96, 32), "past")
    (3, 32, 32)

    Raises:
        BadInput: for images that have no colours, sides that are no multiple of 2 or 4, frames that are not
            square.
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
    factor = FACTORS[how]
    if h % factor or w % factor:
        raise BadInput(
            f"--degrade {how}: {h}x{w} does not divide by {factor}; give --size with sides that do"
        )
    return c, h // factor, w // factor


def degraded(images: Images, how: Degrade, levels: int = 256) -> Float[Tensor, "b _ _ _"]:
    """What is left of images: their luma, or the mean of each 2x2 or 4x4 box; on the same grid of levels.

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
        luma = (numbers * torch.tensor(LUMA, device=images.device)[:, None, None]).sum(1, keepdim=True)
        left = (luma + 2**15) >> 16
    else:
        factor = FACTORS[how]
        sums = reduce(numbers, "b c (h i) (w j) -> b c h w", "sum", i=factor, j=factor)
        left = (2 * sums + factor**2) // (2 * factor**2)
    return left.to(images.dtype) / (levels - 1)

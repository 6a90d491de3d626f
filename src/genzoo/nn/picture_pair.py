"""Generator and critic of a picture that another picture is made from."""

from collections.abc import Sequence
from typing import Literal

import torch
from einops import repeat
from jaxtyping import Float
from torch import Tensor, nn

from genzoo.errors import BadInput, nearest
from genzoo.nn.critic import Judged
from genzoo.nn.norms import Norm
from genzoo.nn.patch import PatchCritic, PatchNorm, largest_patch
from genzoo.nn.translators import ResNetTranslator
from genzoo.nn.unet import UNet

Translator = Literal["unet", "residual"]

_USUAL_PATCH = 70


class PictureGenerator(nn.Module):
    """Pictures in [−1, 1] and noise to images in [−1, 1]; each translation its own function of both.

    Args:
        net: "unet", whose noise is dropout, or "residual", which has none.
        inp: channels of a picture.
        out: channels of an image.
        size: height and width of both.
        width: channels of the finest feature map.
        blocks: of net residual.
        norm: "instance", "batch" or "none".
        dropout: rate of net unet; 0: there is no noise.
    """

    def __init__(
        self,
        net: Translator,
        inp: int,
        out: int,
        size: Sequence[int],
        *,
        width: int,
        blocks: int,
        norm: Norm,
        dropout: float,
    ) -> None:
        super().__init__()
        if net not in ("unet", "residual"):
            raise BadInput(f"net {net!r} is unknown{nearest(net, ('unet', 'residual'))}")
        self.net: UNet | ResNetTranslator
        self.noise_numbers = 0
        if net == "unet":
            self.net = UNet(inp, out, size, width, norm=norm, dropout=dropout)
            self.noise_numbers = self.net.noise_numbers if dropout else 0
        else:
            self.net = ResNetTranslator(inp, out, blocks, width, norm)

    def forward(
        self, x: Float[Tensor, "b inp h w"], noise: Float[Tensor, "b numbers"] | None = None
    ) -> Float[Tensor, "b out h w"]:
        """Images of the size of `x`; `noise` as in `UNet.forward`."""
        return self.net(x, noise) if isinstance(self.net, UNet) and self.noise_numbers else self.net(x)


class PictureCritic(PatchCritic):
    """A critic of patches of an image and, beside it in the channels, of the picture that it was made from.

    Args:
        image: channels of an image.
        picture: channels of a picture; 0: the critic sees the image alone.
        patch: side of the patch that a score is of; 0: the largest that fits images of `size`, at most 70.
        size: height and width of an image.
        width: channels of the first layer.
        norm: as in `PatchCritic`.
    """

    def __init__(
        self,
        image: int,
        picture: int,
        *,
        patch: int = 0,
        size: Sequence[int],
        width: int = 64,
        norm: PatchNorm = "batch",
    ) -> None:
        super().__init__(image + picture, patch or min(largest_patch(size), _USUAL_PATCH), width, norm)
        self.picture = picture

    def forward(
        self, items: Float[Tensor, "b image h w"], beside: Float[Tensor, "b picture h w"] | None = None
    ) -> Judged:
        """Judges each patch; where no picture is given, grey stands for it."""
        if self.picture:
            grey = items.new_zeros(len(items), self.picture, *items.shape[2:])
            items = torch.cat([items, grey if beside is None else beside], 1)
        return super().forward(items)


def checked_picture(shape: Sequence[int], picture: Sequence[int], name: str) -> tuple[int, int, int]:
    """The shape (c, h, w) of a picture that images of `shape` are made from; BadInput if it is none."""
    if len(shape) != 3:
        raise BadInput(f"{name} makes images of shape (c, h, w), got items of shape {tuple(shape)}")
    if not picture:
        raise BadInput(
            f"{name} is given a picture: train it on pairs (pairs:A::B, halves:A) or add --degrade edges, "
            "masked, grey, half or quarter"
        )
    if len(picture) != 3 or any(n < 1 for n in picture):
        raise BadInput(f"picture must be (channels, rows, columns), got {tuple(picture)}")
    if shape[1] % picture[1] or shape[2] % picture[2]:
        raise BadInput(
            f"{name}: the sides of a picture, {picture[1]}x{picture[2]}, must divide those of an image, "
            f"{shape[1]}x{shape[2]}"
        )
    return picture[0], picture[1], picture[2]


def enlarged(
    pictures: Float[Tensor, "b c _ _"], expected: Sequence[int], shape: Sequence[int]
) -> Float[Tensor, "b c _ _"]:
    """Pictures in [0, 1] as the nets see them: in [−1, 1], as large as images of `shape`.

    Raises:
        ValueError: for pictures that are not of the shape expected.
    """
    if (got := tuple(pictures.shape[1:])) != tuple(expected):
        raise ValueError(f"expected given.images of shape {tuple(expected)}, got {got}")
    rows, columns = shape[1] // got[1], shape[2] // got[2]
    return repeat(2 * pictures - 1, "b c h w -> b c (h i) (w j)", i=rows, j=columns)

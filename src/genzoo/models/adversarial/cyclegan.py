"""CycleGAN: two translators between two kinds of pictures, learned from sets of both that are not paired."""

from collections.abc import Sequence
from typing import Any

from jaxtyping import Float
from torch import Tensor

from genzoo.errors import BadInput
from genzoo.models.base import Model
from genzoo.models.registry import register
from genzoo.nn.critic import Judged
from genzoo.nn.norms import Norm
from genzoo.nn.patch import PatchNorm
from genzoo.nn.picture_pair import PictureCritic, PictureGenerator, Translator
from genzoo.types import Images

_TINY: dict[str, Any] = {"shape": (3, 8, 8), "width": 2, "blocks": 1, "critic_width": 4}


@register(
    "cyclegan",
    place="likelihood/implicit/direct",
    title="Unpaired image-to-image translation (CycleGAN)",
    formula="min_{G,F} max_{D_A,D_B} V(G, D_B) + V(F, D_A) + λ·(E‖F(G(a)) − a‖₁ + E‖G(F(b)) − b‖₁)",
    reference="Zhu et al., 2017, arXiv:1703.10593",
    objective={"class": "CycleConsistency"},
    tiny={
        "": _TINY | {"picture": (3, 8, 8)},
        "colours": _TINY | {"picture": (1, 8, 8), "patch": 1},
        "unet": _TINY | {"shape": (1, 16, 16), "picture": (1, 16, 16), "net": "unet"},
        "pooled": _TINY | {"picture": (3, 8, 8), "norm": "none", "critic_norm": "none"},
    },
    games={
        "": {"class": "CycleConsistency", "pool": 0},
        "colours": {"class": "CycleConsistency", "pool": 0, "identity": 0.0, "jitter": 0.0},
        "unet": {"class": "CycleConsistency", "pool": 0, "divergence": "non-saturating"},
        "pooled": {"class": "CycleConsistency", "pool": 5},
    },
    optimizer={"name": "adam", "lr": 2e-4, "betas": (0.5, 0.999)},
)
class CycleGAN(Model):
    """b' = G(a) and a' = F(b), each judged by a critic of its kind, each undone by the other.

    Reference: Zhu, Park, Isola & Efros, 2017, "Unpaired image-to-image translation using cycle-consistent
    adversarial networks", arXiv:1703.10593, sections 3 and 4, appendix 7.2.

    >>> import torch
    >>> model = CycleGAN((3, 8, 8), picture=(1, 8, 8), width=2, blocks=1, critic_width=2).eval()
    >>> model.translate(torch.zeros(2, 3, 8, 8), to="A").shape
    torch.Size([2, 1, 8, 8])

    Args:
        shape: (c, h, w) of an image of kind B.
        picture: (c, h, w) of an image of kind A, its size the same.
        net: of both translators: "residual" (published) or "unet", without its dropout.
        width: channels of a translator's finest feature map.
        blocks: residual blocks: published 9 at 256 pixels, 6 at 128; of net residual.
        norm: of the translators: "instance", "batch" or "none".
        patch: side in pixels of the patch that a score is of: 1, 16, 34, 70, 142 or 286; 0: the largest of
            these that gives a score, at most 70.
        critic_width: channels of a critic's first layer.
        critic_norm: "instance", "batch", "spectral" or "none".
    """

    kinds = 2

    def __init__(
        self,
        shape: Sequence[int],
        *,
        picture: Sequence[int] = (),
        net: Translator = "residual",
        width: int = 64,
        blocks: int = 9,
        norm: Norm = "instance",
        patch: int = 0,
        critic_width: int = 64,
        critic_norm: PatchNorm = "instance",
    ) -> None:
        super().__init__(shape)
        a, b = tuple(picture), self.shape
        if not a:
            raise BadInput("cyclegan learns from two sets of images: give both, as --data A::B")
        if len(a) != 3 or len(b) != 3 or a[1:] != b[1:]:
            raise BadInput(f"cyclegan takes images (c, h, w) of one size, got {a} and {b}: give --size")
        self.domains = {"A": a, "B": b}
        between: dict[str, Any] = {"width": width, "blocks": blocks, "norm": norm, "dropout": 0.0}
        self.to_b = PictureGenerator(net, a[0], b[0], b[1:], **between)
        self.to_a = PictureGenerator(net, b[0], a[0], a[1:], **between)
        judge: dict[str, Any] = {"patch": patch, "size": b[1:], "width": critic_width, "norm": critic_norm}
        self.critic_b = PictureCritic(b[0], 0, **judge)
        self.critic_a = PictureCritic(a[0], 0, **judge)

    def translate(self, images: Images, to: str = "B") -> Float[Tensor, "b _ h w"]:
        """The images as ones of kind `to`, "A" or "B", in [0, 1], shape (b, c, h, w)."""
        if to not in self.domains:
            raise BadInput(f"--to must be A or B, got {to!r}")
        expected = self.domains["A" if to == "B" else "B"]
        if tuple(images.shape[1:]) != expected:
            wanted = ", ".join(map(str, expected))
            raise ValueError(f"expected images of shape (b, {wanted}), got {tuple(images.shape)}")
        net = self.to_b if to == "B" else self.to_a
        return (net(2 * images - 1) + 1) / 2

    def judge(self, images: Images, kind: str) -> Judged:
        """What the critic of a kind, "A" or "B", says of images."""
        critic: PictureCritic = self.critic_a if kind == "A" else self.critic_b
        return critic(2 * images - 1)

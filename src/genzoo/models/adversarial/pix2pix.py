"""pix2pix: from a picture to one of another kind, where pairs of both are there to learn from."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from genzoo.models.adversarial.base import Fakes, TwoPlayerModel
from genzoo.models.registry import register
from genzoo.nn.critic import Judged
from genzoo.nn.norms import Norm
from genzoo.nn.patch import PatchNorm
from genzoo.nn.picture_pair import PictureCritic, PictureGenerator, Translator, checked_picture, enlarged
from genzoo.random import uniform
from genzoo.types import Given, Images, Items, Latents, Nats

_EXPECTED = 2.0  # a number of noise by which an activation is neither dropped nor enlarged
_TINY: dict[str, Any] = {"shape": (3, 8, 8), "picture": (1, 8, 8), "width": 2, "critic_width": 4}


@register(
    "pix2pix",
    place="likelihood/implicit/direct",
    title="Image-to-image translation by a conditional GAN (pix2pix)",
    formula="min_G max_D E[log D(c, x)] + E[log(1 − D(c, G(c, z)))] + λ·E‖x − G(c, z)‖₁",
    reference="Isola et al., 2017, arXiv:1611.07004",
    objective={"class": "PairedTranslation"},
    tiny={
        "": _TINY | {"shape": (3, 16, 16), "picture": (3, 16, 16), "patch": 16},
        "batch": _TINY | {"norm": "batch", "critic_norm": "batch"},
        "pixels": _TINY | {"patch": 1, "dropout": 0.0, "critic_norm": "spectral"},
        "residual": _TINY | {"net": "residual", "blocks": 1, "sees_picture": False},
        "enlarging": _TINY | {"picture": (3, 4, 4), "norm": "none", "critic_norm": "none"},
    },
    games={"residual": {"class": "PairedTranslation", "divergence": "least-squares", "jitter": 0.0}},
    optimizer={"name": "adam", "lr": 2e-4, "betas": (0.5, 0.999)},
)
class Pix2Pix(TwoPlayerModel):
    """x = G(c, z) for a picture c that is given; the critic sees patches of (c, x).

    The noise z is dropout in the U-Net's decoder, in training and in use alike. Published nets, with batches
    of one image, normalise over it alone, in use as well: instance normalisation, which is the default here.

    A given picture that is smaller by a whole factor is enlarged first.

    Reference: Isola, Zhu, Zhou & Efros, 2017, "Image-to-image translation with conditional adversarial
    networks", arXiv:1611.07004, section 3 and appendix 6.1; residual translator: Johnson, Alahi & Fei-Fei,
    2016, arXiv:1603.08155.

    >>> import torch
    >>> model = Pix2Pix((3, 16, 16), picture=(1, 16, 16), width=4, critic_width=4).eval()
    >>> model.sample(2, Given(images=torch.zeros(2, 1, 16, 16))).shape
    torch.Size([2, 3, 16, 16])

    Args:
        shape: (c, h, w) of one image.
        picture: (c, h, w) of what is given, its sides divisors of the image's.
        net: of the generator: "unet" or "residual".
        width: channels of the generator's finest feature map.
        blocks: residual blocks; of net residual.
        norm: of the generator: "instance", "batch" or "none".
        dropout: share of activations that the noise drops in three layers; of net unet. 0: there is no noise.
        patch: side in pixels of the patch that a score is of: 1, 16, 34, 70, 142 or 286; 0: the largest of
            these that gives a score, at most 70.
        critic_width: channels of the critic's first layer.
        critic_norm: "instance", "batch", "spectral" or "none".
        sees_picture: whether the critic sees what was given beside the image (cGAN), or the image alone.
    """

    requires = frozenset({"images"})
    critic: PictureCritic

    def __init__(
        self,
        shape: Sequence[int],
        *,
        picture: Sequence[int] = (),
        net: Translator = "unet",
        width: int = 64,
        blocks: int = 9,
        norm: Norm = "instance",
        dropout: float = 0.5,
        patch: int = 0,
        critic_width: int = 64,
        critic_norm: PatchNorm = "instance",
        sees_picture: bool = True,
    ) -> None:
        super().__init__(shape)
        self.condition_shape = checked_picture(self.shape, picture, "pix2pix")
        (given, *_), (channels, *size) = self.condition_shape, self.shape
        self.generator = PictureGenerator(
            net, given, channels, size, width=width, blocks=blocks, norm=norm, dropout=dropout
        )
        self.latent = self.generator.noise_numbers
        seen = given if sees_picture else 0
        self.critic = PictureCritic(
            channels, seen, patch=patch, size=size, width=critic_width, norm=critic_norm
        )

    def draw_latents(self, n: int, temperature: float = 1.0) -> Latents:
        """The dropout's noise, uniform on [0, 1), shape (n, latent).

        Below 1 the temperature is the share of the activations that have noise; the others take their
        expected value. At 0 none has, and an image is a function of its picture.
        """
        noise = uniform((n, self.latent), self.like)
        if temperature >= 1 or not self.latent:
            return noise
        return noise.masked_fill(uniform((n, self.latent), self.like) >= temperature, _EXPECTED)

    def generate(self, latents: Latents, given: Given | None = None) -> Items:
        """G(c, z) of the pictures c that are given, shape (b, *shape)."""
        return self.made(self.generator(self._pictures(given), latents))

    def reading(self, judged: Judged, made: Fakes | None, given: Given | None) -> Nats | None:
        """None: the critic has no other head."""
        return None

    def beside(self, given: Given | None) -> Tensor | None:
        """The pictures, as the nets see them."""
        return self._pictures(given) if given is not None and self.critic.picture else None

    def _pictures(self, given: Given | None) -> Images:
        self.check_given(given)
        assert given is not None
        assert given.images is not None
        return enlarged(given.images, self.condition_shape, self.shape)

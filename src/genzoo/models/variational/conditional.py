"""Conditional variational autoencoders from picture to picture."""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from genzoo.data.degrade import REMEDY
from genzoo.densities import Density, Gaussian
from genzoo.errors import BadInput
from genzoo.models.registry import register
from genzoo.models.variational.base import GaussianLatentModel
from genzoo.models.variational.bound import elbo_terms
from genzoo.models.variational.likelihoods import LikelihoodName, head
from genzoo.nn.codec import at_least_float32
from genzoo.nn.modulated import ModulatedDecoder, Pyramid
from genzoo.nn.picture_pair import enlarged
from genzoo.nn.residual import ResidualEncoder
from genzoo.types import Given, Images, Latents, Nats

_TINY: dict[str, Any] = {"latent": 3, "width": 4}
_MOST_LOG_SCALE = 4.0  # σ of a latent lies between e⁻⁴ and e⁴


@register(
    "conditional-vae",
    place="likelihood/explicit/approximate/variational",
    title="Conditional VAE, picture to picture",
    formula="log p(x|c) ≥ E_q[log p(x|z, c)] − KL(q(z|x, c) ‖ p(z|c))",
    reference="Sohn, Lee & Yan, 2015, NeurIPS; Walker, Doersch, Gupta & Hebert, 2016, arXiv:1606.07873",
    objective={"class": "NegativeELBO"},
    tiny={
        "": _TINY | {"shape": (3, 8, 8), "picture": (1, 8, 8), "likelihood": "mixture"},
        "enlarging": _TINY | {"shape": (1, 10, 6), "picture": (1, 5, 3), "prior": "standard"},
        "film": _TINY | {"shape": (1, 16, 8), "picture": (1, 8, 8), "likelihood": "logistic", "levels": 8},
    },
    optimizer={"name": "adam", "lr": 1e-3},
)
class ConditionalVAE(GaussianLatentModel):
    """z ~ p(z|c), x ~ p(x|z, c) for a picture c that is given; q(z|x, c) explains an x.

    What c leaves open is in z: of a grey image the colours, of a small one the details, of the first frame of
    a film where things go. A net that is trained to the squared error answers with the mean of all of them.

    The decoder sees c at every size, q sees c beside x. A given picture that is smaller by a whole factor is
    enlarged first. One that is as wide as the images, and lower by a whole factor, is a frame, and the images
    are films: further frames one below the other, which the nets see as channels, each in its place on c.

    Reference: Sohn, Lee & Yan, 2015, "Learning structured output representation using deep conditional
    generative models", NeurIPS, equation 4 (p(z|c) is learned); Walker, Doersch, Gupta & Hebert, 2016, "An
    uncertain future: forecasting from static images using variational autoencoders", arXiv:1606.07873 (it is
    N(0, I)). The nets are residual ones of our own.

    >>> model = ConditionalVAE((1, 12, 4), picture=(1, 4, 4), latent=2, width=2)
    >>> model.frames, model.sample(2, Given(images=torch.zeros(2, 1, 4, 4))).shape
    (3, torch.Size([2, 1, 12, 4]))

    Args:
        shape: (c, h, w) of one image.
        picture: (c, h, w) of what is given, its sides divisors of the image's.
        latent: dimensions of z.
        width: channels at full size, doubled at every halving of the image.
        prior: "learned": N(μ(c), diag σ²(c)), or "standard": N(0, I) whatever c.
        likelihood: "bernoulli", "gaussian", "logistic", "mixture" or "categorical".
        levels: of the pixels, where each level has a probability.
        min_scale: smallest σ of a pixel; of "gaussian".
    """

    requires = frozenset({"images"})

    def __init__(
        self,
        shape: Sequence[int],
        *,
        picture: Sequence[int] = (),
        latent: int = 8,
        width: int = 16,
        prior: Literal["learned", "standard"] = "learned",
        likelihood: LikelihoodName = "bernoulli",
        levels: int = 256,
        min_scale: float = 1 / 255,
    ) -> None:
        super().__init__(shape)
        self.latent, self.condition_shape = latent, tuple(picture)
        self.frames = _frames(self.shape, self.condition_shape)
        self.head = head(likelihood, bounded=True, levels=levels, min_scale=min_scale, channels=self.shape[0])
        self.levels = self.head.levels
        parameters, (maps, *_) = self.head.output(self.shape)
        size = (self.shape[1] // self.frames, self.shape[2])
        given, seen = (self.condition_shape[0], *size), self.frames * self.shape[0]
        self.encoder = ResidualEncoder((given[0] + seen, *size), width, 2 * latent)
        self.pyramid = Pyramid(given, width)
        self.prior_net = ResidualEncoder(given, width, 2 * latent) if prior == "learned" else None
        self.decoder = ModulatedDecoder(latent, width, (parameters * self.frames * maps, *size))
        self.parameters_each = parameters

    def _given(self, given: Given | None) -> Images:
        """The pictures in [−1, 1], as large as an image or a frame."""
        self.check_given(given)
        assert given is not None
        assert given.images is not None
        channels, height, width = self.shape
        return enlarged(given.images, self.condition_shape, (channels, height // self.frames, width))

    def posterior(self, images: Images, given: Given | None = None) -> Gaussian:
        """q(z|x, c), z of shape (b, latent)."""
        self.check(images, given)
        seen = rearrange(2 * images - 1, "b c (t h) w -> b (t c) h w", t=self.frames)
        return _gaussian(self.encoder(torch.cat([seen, self._given(given)], 1)))

    def prior(self, given: Given | None = None) -> Gaussian:
        """p(z|c), a row for each picture; where it is standard, a batch of one."""
        if self.prior_net is None:
            return super().prior(given)
        return _gaussian(self.prior_net(self._given(given)))

    def likelihood(self, latents: Latents, given: Given | None = None) -> Density:
        """p(x|z, c)."""
        output = self.decoder(latents, self.pyramid(self._given(given)))
        return self.head.density(at_least_float32(self._unfolded(output)))

    def _unfolded(self, output: Float[Tensor, "b _ h w"]) -> Float[Tensor, "b p c rows w"]:
        p, t = self.parameters_each, self.frames
        return rearrange(output, "b (p t c) h w -> b p c (t h) w", p=p, t=t)

    def elbo(self, images: Images, given: Given | None = None) -> Nats:
        """log p(x|z, c) − KL(q(z|x, c) ‖ p(z|c)) with one z ~ q an item, nats, shape (b)."""
        reconstruction, divergence = elbo_terms(self, images, given)
        return reconstruction - divergence


def _gaussian(output: Float[Tensor, "b _"]) -> Gaussian:
    """Means, then log-scales, bounded: where q and p are both learned, their ratio may otherwise overflow."""
    mean, raw = at_least_float32(output).chunk(2, dim=1)
    return Gaussian(mean, _MOST_LOG_SCALE * torch.tanh(raw / _MOST_LOG_SCALE))


def _frames(shape: tuple[int, ...], picture: tuple[int, ...]) -> int:
    """How many frames of a film an image is, by the picture that is given; 1 for what is no film."""
    if len(shape) != 3:
        raise BadInput(f"conditional-vae takes images of shape (c, h, w), got items of shape {shape}")
    if not picture:
        raise BadInput(f"conditional-vae is given a picture: {REMEDY}")
    if len(picture) != 3 or any(n < 1 for n in picture):
        raise BadInput(f"picture must be (channels, rows, columns), got {picture}")
    if shape[1] % picture[1] or shape[2] % picture[2]:
        raise BadInput(
            f"a picture of {picture[1]}x{picture[2]} does not fit images of {shape[1]}x{shape[2]}: "
            "its sides must divide theirs"
        )
    return shape[1] // picture[1] if shape[2] == picture[2] else 1

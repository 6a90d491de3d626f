"""Variational autoencoders."""

from collections.abc import Sequence

from genzoo.densities import Density, Gaussian
from genzoo.models.registry import register
from genzoo.models.variational.base import GaussianLatentModel
from genzoo.models.variational.bound import elbo_terms
from genzoo.models.variational.likelihoods import LikelihoodName, head
from genzoo.nn.codec import Net, at_least_float32, decoder, encoder
from genzoo.types import Given, Items, Latents, Nats


@register(
    "vae",
    place="likelihood/explicit/approximate/variational",
    title="Variational autoencoder",
    formula="log p(x) ≥ E_q[log p(x|z)] − KL(q(z|x) ‖ p(z))",
    reference="Kingma & Welling, 2014, arXiv:1312.6114",
    objective={"class": "NegativeELBO"},
    tiny={
        "": {"shape": (1, 8, 8), "latent": 4, "hidden": (32,)},
        "conv-gaussian": {
            "shape": (3, 8, 8),
            "latent": 4,
            "net": "conv",
            "width": 4,
            "likelihood": "gaussian",
        },
        "logistic": {"shape": (1, 8, 8), "latent": 4, "hidden": (32,), "likelihood": "logistic"},
        "vectors": {"shape": (6,), "latent": 2, "hidden": (16,), "likelihood": "gaussian"},
    },
    optimizer={"name": "adam", "lr": 1e-3},
)
class VAE(GaussianLatentModel):
    """z ~ N(0, I), x ~ p(x|z); an encoder proposes q(z|x) = N(μ(x), diag σ²(x)).

    The decoder is a distribution. "bernoulli" is for binary pixels. "logistic" gives probabilities of n
    levels. "gaussian" is a density with a mean *and* a variance for every pixel; a pixel that never varies
    would draw its variance to 0 and the density to infinity, so σ is kept above `min_scale`, by default one
    grey level in 255: no information about 8-bit pixels is finer than that, and nats gained below it would
    say nothing of the images.

    Reference: Kingma & Welling, 2014, "Auto-encoding variational Bayes", arXiv:1312.6114; the defaults are
    its MNIST net of one hidden layer (section 5) with 20 latent variables.

    >>> import torch
    >>> model = VAE((1, 6, 6), latent=2, hidden=(8,))
    >>> model.elbo(torch.ones(3, 1, 6, 6)).shape, model.sample(2).unique().tolist()
    (torch.Size([3]), [0.0, 1.0])

    Args:
        shape: of one item.
        latent: dimensions of z.
        net: "mlp", "conv" (images only) or "linear".
        hidden: widths of the encoder's hidden layers, mirrored in the decoder; of "mlp".
        width: channels of the first convolution, doubled at every halving of the image; of "conv".
        likelihood: "bernoulli", "gaussian" or "logistic".
        levels: of the pixels; of "logistic".
        min_scale: smallest σ of a pixel; of "gaussian".
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        latent: int = 20,
        net: Net = "mlp",
        hidden: Sequence[int] = (500,),
        width: int = 32,
        likelihood: LikelihoodName = "bernoulli",
        levels: int = 256,
        min_scale: float = 1 / 255,
    ) -> None:
        super().__init__(shape)
        self.latent = latent
        self.is_image = len(self.shape) == 3
        self.head = head(likelihood, bounded=self.is_image, levels=levels, min_scale=min_scale)
        self.levels = self.head.levels
        self.encoder = encoder(net, self.shape, 2 * latent, hidden=hidden, width=width)
        self.decoder = decoder(
            net, latent, self.shape, hidden=hidden, width=width, parameters=self.head.parameters
        )

    def posterior(self, images: Items, given: Given | None = None) -> Gaussian:
        """q(z|x), z of shape (b, latent)."""
        self.check(images, given)
        output = at_least_float32(self.encoder(2 * images - 1 if self.is_image else images))
        return Gaussian(*output.chunk(2, dim=1))

    def likelihood(self, latents: Latents, given: Given | None = None) -> Density:
        """p(x|z)."""
        self.check_given(given)
        return self.head.density(at_least_float32(self.decoder(latents)))

    def elbo(self, images: Items, given: Given | None = None) -> Nats:
        """log p(x|z) − KL(q(z|x) ‖ p(z)) with one z ~ q an item, nats, shape (b)."""
        reconstruction, divergence = elbo_terms(self, images, given)
        return reconstruction - divergence

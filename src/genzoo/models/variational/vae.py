"""Variational autoencoders."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from genzoo.densities import Density, Gaussian
from genzoo.errors import BadInput
from genzoo.models.registry import register
from genzoo.models.variational.base import GaussianLatentModel
from genzoo.models.variational.bound import elbo_terms
from genzoo.models.variational.likelihoods import LikelihoodName, head
from genzoo.nn.codec import Net, at_least_float32, decoder, encoder
from genzoo.nn.conditions import one_hot
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
        "classes": {"shape": (1, 8, 8), "latent": 4, "hidden": (32,), "classes": 3},
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

    With `classes` it is conditional: x ~ p(x|z, y) and q(z|x, y) for a class y that is given, while
    z ~ N(0, I) whatever the class, so that z holds what the label does not say, such as slant and stroke; and
    the bound is one of log p(x|y). The label is a one-hot vector beside the code, and beside the item that a
    fully connected encoder flattens; a convolutional encoder sees one more constant channel for each class.

    Reference: Kingma & Welling, 2014, "Auto-encoding variational Bayes", arXiv:1312.6114; the defaults are
    its MNIST net of one hidden layer (section 5) with 20 latent variables. Classes: Kingma et al., 2014,
    "Semi-supervised learning with deep generative models", arXiv:1406.5298, equation 6; Sohn, Lee & Yan,
    2015, "Learning structured output representation using deep conditional generative models", NeurIPS.

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
        classes: of the labels that items are drawn and encoded under; 0: without labels.
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
        classes: int = 0,
    ) -> None:
        super().__init__(shape)
        if classes < 0:
            raise BadInput(f"classes must be at least 0, got {classes}")
        self.latent, self.net, self.classes = latent, net, classes
        if classes:
            self.requires = frozenset({"labels"})  # of this instance
        self.is_image = len(self.shape) == 3
        self.head = head(likelihood, bounded=self.is_image, levels=levels, min_scale=min_scale)
        self.levels = self.head.levels
        self.encoder = encoder(net, self._seen(net), 2 * latent, hidden=hidden, width=width)
        self.decoder = decoder(
            net, latent + classes, self.shape, hidden=hidden, width=width, parameters=self.head.parameters
        )

    def _seen(self, net: str) -> tuple[int, ...]:
        """The shape of what the encoder sees of an item and its label."""
        if not self.classes:
            return self.shape
        c, *size = self.shape
        return (c + self.classes, *size) if net == "conv" else (math.prod(self.shape) + self.classes,)

    def _with_label(self, items: Tensor, given: Given | None) -> Tensor:
        """Items or codes with the label beside them: as channels of an image, as numbers of a vector."""
        if given is None or given.labels is None:
            return items
        label = one_hot(given.labels, self.classes, items)
        if items.ndim == 4:
            return torch.cat([items, label[:, :, None, None].expand(-1, -1, *items.shape[2:])], 1)
        return torch.cat([items, label], 1)

    def posterior(self, images: Items, given: Given | None = None) -> Gaussian:
        """q(z|x), z of shape (b, latent)."""
        self.check(images, given)
        items = 2 * images - 1 if self.is_image else images
        if self.classes:
            items = self._with_label(items if self.net == "conv" else items.flatten(1), given)
        output = at_least_float32(self.encoder(items))
        return Gaussian(*output.chunk(2, dim=1))

    def likelihood(self, latents: Latents, given: Given | None = None) -> Density:
        """p(x|z)."""
        self.check_given(given)
        return self.head.density(at_least_float32(self.decoder(self._with_label(latents, given))))

    def elbo(self, images: Items, given: Given | None = None) -> Nats:
        """log p(x|z) − KL(q(z|x) ‖ p(z)) with one z ~ q an item, nats, shape (b)."""
        reconstruction, divergence = elbo_terms(self, images, given)
        return reconstruction - divergence

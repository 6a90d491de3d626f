"""Variational autoencoders."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from genzoo.densities import Density, Flowed, Gaussian, Reparameterised
from genzoo.errors import BadInput
from genzoo.models.registry import register
from genzoo.models.variational.base import GaussianLatentModel
from genzoo.models.variational.bound import elbo_terms
from genzoo.models.variational.likelihoods import LikelihoodName, head
from genzoo.nn.codec import CONVOLUTIONAL, Activation, Net, at_least_float32, decoder, encoder
from genzoo.nn.conditions import one_hot
from genzoo.nn.flows import flow
from genzoo.types import Given, Items, Latents, Nats

PosteriorName = Literal["diagonal", "iaf", "realnvp", "planar"]
_TINY: dict[str, Any] = {"shape": (1, 8, 8), "latent": 4, "hidden": (32,)}


@register(
    "vae",
    place="likelihood/explicit/approximate/variational",
    title="Variational autoencoder",
    formula="log p(x) ≥ E_q[log p(x|z)] − KL(q(z|x) ‖ p(z))",
    reference="Kingma & Welling, 2014, arXiv:1312.6114",
    objective={"class": "NegativeELBO"},
    tiny={
        "": _TINY,
        "conv-gaussian": {
            "shape": (3, 8, 8),
            "latent": 4,
            "net": "conv",
            "width": 4,
            "likelihood": "gaussian",
        },
        "residual-mixture": {
            "shape": (3, 8, 8),
            "latent": 4,
            "net": "residual",
            "width": 4,
            "likelihood": "mixture",
        },
        "logistic": _TINY | {"likelihood": "logistic"},
        "categorical": _TINY | {"likelihood": "categorical", "levels": 4},
        "beta-binomial": _TINY | {"likelihood": "beta-binomial", "levels": 4},
        "iaf": _TINY | {"posterior": "iaf", "flow_hidden": (16,)},
        "planar": _TINY | {"posterior": "planar", "activation": "tanh"},
        "vectors": {"shape": (6,), "latent": 2, "hidden": (16,), "likelihood": "gaussian"},
        "realnvp": _TINY | {"posterior": "realnvp", "flow_hidden": (16,)},
        "classes": _TINY | {"classes": 3},
    },
    optimizer={"name": "adam", "lr": 1e-3},
)
class VAE(GaussianLatentModel):
    """z ~ N(0, I), x ~ p(x|z); an encoder proposes q(z|x) = N(μ(x), diag σ²(x)), which a flow may carry on.

    The decoder is a distribution. "bernoulli" is for binary pixels. "logistic", "categorical" and
    "beta-binomial" give probabilities of n levels, "mixture" of all channels of a pixel together. "gaussian"
    is a density with a mean *and* a variance for every pixel; a pixel that never varies would draw its
    variance to 0 and the density to infinity, so σ is kept above `min_scale`, by default one grey level in
    255: no information about 8-bit pixels is finer than that, and nats gained below it would say nothing of
    the images.

    A diagonal Gaussian is seldom p(z|x). With `posterior` "iaf", "realnvp" or "planar" the draw from it goes
    through `flow_steps` invertible steps whose nets also see a context that the encoder gives; the bound
    then has no closed form and is averaged over draws. Such a posterior is fit for drawing, not for scoring.

    With `classes` it is conditional: x ~ p(x|z, y) and q(z|x, y) for a class y that is given, while
    z ~ N(0, I) whatever the class, so that z holds what the label does not say, such as slant and stroke; and
    the bound is one of log p(x|y). The label is a one-hot vector beside the code, and beside the item that a
    fully connected encoder flattens; a convolutional encoder sees one more constant channel for each class.

    Reference: Kingma & Welling, 2014, "Auto-encoding variational Bayes", arXiv:1312.6114; the defaults are
    its MNIST net of one hidden layer (section 5) with 20 latent variables. Flows: Rezende & Mohamed, 2015,
    arXiv:1505.05770; Kingma et al., 2016, arXiv:1606.04934. Classes: Kingma et al., 2014,
    "Semi-supervised learning with deep generative models", arXiv:1406.5298, equation 6; Sohn, Lee & Yan,
    2015, "Learning structured output representation using deep conditional generative models", NeurIPS.

    >>> import torch
    >>> model = VAE((1, 6, 6), latent=2, hidden=(8,))
    >>> model.elbo(torch.ones(3, 1, 6, 6)).shape, model.sample(2).unique().tolist()
    (torch.Size([3]), [0.0, 1.0])

    Args:
        shape: of one item.
        latent: dimensions of z.
        net: "mlp", "linear", or, of images, "conv" or "residual".
        hidden: widths of the encoder's hidden layers, mirrored in the decoder; of "mlp".
        width: channels of the first convolution, doubled at every halving of the image.
        activation: of the hidden layers of "mlp".
        likelihood: "bernoulli", "gaussian", "logistic", "mixture", "categorical" or "beta-binomial".
        levels: of the pixels, where each level has a probability.
        min_scale: smallest σ of a pixel; of "gaussian".
        posterior: "diagonal", "iaf", "realnvp" or "planar".
        flow_steps: of a posterior that is not diagonal.
        flow_hidden: widths of the hidden layers of a step's net; of "iaf" and "realnvp".
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
        activation: Activation = "relu",
        likelihood: LikelihoodName = "bernoulli",
        levels: int = 256,
        min_scale: float = 1 / 255,
        posterior: PosteriorName = "diagonal",
        flow_steps: int = 2,
        flow_hidden: Sequence[int] = (320,),
        classes: int = 0,
    ) -> None:
        super().__init__(shape)
        if classes < 0:
            raise BadInput(f"classes must be at least 0, got {classes}")
        self.latent, self.net, self.classes = latent, net, classes
        if classes:
            self.requires = frozenset({"labels"})  # of this instance
        self.is_image = len(self.shape) == 3
        self.head = head(
            likelihood, bounded=self.is_image, levels=levels, min_scale=min_scale, channels=self.shape[0]
        )
        self.levels = self.head.levels
        parameters, output = self.head.output(self.shape)
        nets: dict[str, Any] = {"hidden": hidden, "width": width, "activation": activation}
        context = 0 if posterior == "diagonal" else latent
        self.encoder = encoder(net, self._seen(net), 2 * latent + context, **nets)
        self.decoder = decoder(net, latent + classes, output, parameters=parameters, **nets)
        self.flow = flow(posterior, flow_steps, latent, context, flow_hidden) if context else None

    def _seen(self, net: str) -> tuple[int, ...]:
        """The shape of what the encoder sees of an item and its label."""
        if not self.classes:
            return self.shape
        c, *size = self.shape
        return (c + self.classes, *size) if net in CONVOLUTIONAL else (math.prod(self.shape) + self.classes,)

    def _with_label(self, items: Tensor, given: Given | None) -> Tensor:
        """Items or codes with the label beside them: as channels of an image, as numbers of a vector."""
        if given is None or given.labels is None:
            return items
        label = one_hot(given.labels, self.classes, items)
        if items.ndim == 4:
            return torch.cat([items, label[:, :, None, None].expand(-1, -1, *items.shape[2:])], 1)
        return torch.cat([items, label], 1)

    @torch.no_grad()
    def initialise(self, images: Items, given: Given | None = None) -> None:
        """Sets the decoder's last biases so that it begins at the mean of a batch: called before training.

        Reference: Burda, Grosse & Salakhutdinov, 2016, arXiv:1509.00519, whose code begins so.
        """
        if self.head.start is None:
            return
        n = len(images)
        mean = (n * images.mean(0) + 0.5) / (n + 1) if self.is_image else images.mean(0)  # never 0 or 1
        start = self.head.start(mean).flatten(0, 1)  # p·c first, as convolutions have it
        bias = [p for name, p in self.decoder.named_parameters() if name.endswith("bias")][-1]
        bias.copy_(start.flatten() if len(bias) == start.numel() else start.flatten(1).mean(1))

    def posterior(self, images: Items, given: Given | None = None) -> Reparameterised:
        """q(z|x), z of shape (b, latent)."""
        self.check(images, given)
        items = 2 * images - 1 if self.net in CONVOLUTIONAL else images
        if self.classes:
            items = self._with_label(items if self.net in CONVOLUTIONAL else items.flatten(1), given)
        mean, log_scale, *context = at_least_float32(self.encoder(items)).split(self.latent, dim=1)
        base = Gaussian(mean, log_scale)
        return base if self.flow is None else Flowed(base, self.flow, context[0])

    def likelihood(self, latents: Latents, given: Given | None = None) -> Density:
        """p(x|z)."""
        self.check_given(given)
        return self.head.density(at_least_float32(self.decoder(self._with_label(latents, given))))

    def elbo(self, images: Items, given: Given | None = None) -> Nats:
        """log p(x|z) − KL(q(z|x) ‖ p(z)) with one z ~ q an item, nats, shape (b)."""
        reconstruction, divergence = elbo_terms(self, images, given)
        return reconstruction - divergence

"""M2: a variational autoencoder whose latent variables are a class and a style."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.densities import Density, Gaussian
from genzoo.densities.gaussian import kl_by_dimension
from genzoo.errors import BadInput
from genzoo.models.base import Model
from genzoo.models.registry import register
from genzoo.models.variational.likelihoods import LikelihoodName, head
from genzoo.nn.codec import Net, at_least_float32, decoder, encoder
from genzoo.nn.conditions import one_hot
from genzoo.random import normal, uniform
from genzoo.types import Given, Items, Labels, Latents, Nats

ByClass = Float[Tensor, "b k"]  # a number for each of k classes


def marginal_bound(joint: ByClass, log_q: ByClass) -> Nats:
    """−U = Σ_y q(y|x)·(bound of log p(x, y)) + H(q(y|x)), a bound of log p(x), nats, shape (b).

    Reference: Kingma et al., 2014, arXiv:1406.5298, equation 7.
    """
    return (log_q.exp() * (joint - log_q)).sum(1)


@register(
    "m2",
    place="likelihood/explicit/approximate/variational",
    title="Semi-supervised variational autoencoder (M2)",
    formula="log p(x) ≥ Σ_y q(y|x)·(E_q[log p(x|y,z)] + log p(y) − KL(q(z|x,y) ‖ p(z))) + H(q(y|x))",
    reference="Kingma, Rezende, Mohamed & Welling, 2014, arXiv:1406.5298",
    objective={"class": "SemiSupervised"},
    tiny={
        "": {"shape": (1, 8, 8), "classes": 3, "latent": 4, "hidden": (16,)},
        "conv": {"shape": (1, 8, 8), "classes": 3, "latent": 4, "hidden": (16,), "net": "conv", "width": 4},
        "vectors": {
            "shape": (6,),
            "classes": 3,
            "latent": 2,
            "hidden": (16, 8),
            "likelihood": "gaussian",
            "min_scale": 0.1,
        },
    },
    optimizer={"name": "adam", "lr": 3e-4},
)
class M2(Model):
    """y ~ Cat(1/k), z ~ N(0, I), x ~ p(x|y, z); q(y|x) tells the class, q(z|x, y) the style.

    The class is a latent variable: known for some items, summed over for the others. z holds what the class
    does not say, such as slant and stroke. Trained on the codes of another VAE (M1) it is M1+M2.

    A code is k numbers for y followed by z; a picture of one style in every class is the decoding of one z
    beside each of the k one-hot vectors.

    Reference: Kingma, Rezende, Mohamed & Welling, 2014, "Semi-supervised learning with deep generative
    models", arXiv:1406.5298, section 2; the defaults are its nets for MNIST: 50 latent variables, a hidden
    layer of 500 softplus units in each of q(y|x), q(z|x, y) and p(x|y, z).

    >>> model = M2((1, 6, 6), classes=3, latent=2, hidden=(8,))
    >>> x = torch.ones(4, 1, 6, 6)
    >>> model.class_logits(x).shape, model.elbo(x).shape, model.encode(x).shape
    (torch.Size([4, 3]), torch.Size([4]), torch.Size([4, 5]))

    Args:
        shape: of one item.
        classes: k.
        latent: dimensions of z.
        net: "mlp", "linear", or, of images, "conv" or "residual".
        hidden: widths of the hidden layers of "mlp"; the class enters q(z|x, y) at the last one.
        width: channels of the first convolution, doubled at every halving of the image.
        likelihood: "bernoulli", "gaussian", "logistic", "mixture" or "categorical".
        levels: of the pixels, where each level has a probability.
        min_scale: smallest σ of a number of an item; of "gaussian".
    """

    takes = frozenset({"labels"})

    def __init__(
        self,
        shape: Sequence[int],
        *,
        classes: int = 10,
        latent: int = 50,
        net: Net = "mlp",
        hidden: Sequence[int] = (500,),
        width: int = 32,
        likelihood: LikelihoodName = "bernoulli",
        levels: int = 256,
        min_scale: float = 1 / 255,
    ) -> None:
        super().__init__(shape)
        if classes < 2 or not hidden:
            raise BadInput(f"M2 needs 2 classes and a hidden layer, got classes {classes}, hidden {hidden}")
        self.classes, self.latent, self.is_image = classes, latent, len(self.shape) == 3
        self.head = head(
            likelihood, bounded=self.is_image, levels=levels, min_scale=min_scale, channels=self.shape[0]
        )
        self.levels = self.head.levels
        parameters, output = self.head.output(self.shape)
        nets: dict[str, Any] = {"width": width, "activation": "softplus"}
        self.classifier = encoder(net, self.shape, classes, hidden=hidden, **nets)
        self.seen = encoder(net, self.shape, hidden[-1], hidden=hidden[:-1], **nets)
        self.told = nn.Linear(classes, hidden[-1], bias=False)
        self.style = nn.Linear(hidden[-1], 2 * latent)
        self.decoder = decoder(net, classes + latent, output, hidden=hidden, parameters=parameters, **nets)
        self._forget_classes()

    @torch.no_grad()
    def _forget_classes(self) -> None:
        """Begins with all classes alike, so that labels, not chance, decide which cluster has which number.

        Otherwise U teaches q(y|x) the random differences of an untrained p(x|y, z), and few labels never
        outweigh what it has settled on.
        """
        first = next(layer for layer in self.decoder.modules() if isinstance(layer, nn.Linear))
        first.weight[:, : self.classes] = 0
        self.told.weight.zero_()

    def class_logits(self, images: Items) -> ByClass:
        """log q(y|x) up to a constant, shape (b, classes)."""
        self.check(images)
        return at_least_float32(self.classifier(self._scaled(images)))

    def styles(self, images: Items, classes: Float[Tensor, "#b n k"]) -> Gaussian:
        """q(z|x, y) for n classes an item, each given as k numbers, z of shape (b, n, latent).

        The net sees an item once, however many classes it is asked for.
        """
        self.check(images)
        hidden = F.softplus(self.seen(self._scaled(images))[:, None] + self.told(classes))
        return Gaussian(*at_least_float32(self.style(hidden)).chunk(2, dim=2))

    def likelihood_of(self, latents: Float[Tensor, "b k_and_latent"]) -> Density:
        """p(x|y, z) of codes, shape (b, classes + latent)."""
        return self.head.density(at_least_float32(self.decoder(latents)))

    def bounds_by_class(self, images: Items) -> tuple[ByClass, ByClass]:
        """−L, a bound of log p(x, y) for every class y with one z ~ q(z|x, y) each, and log q(y|x).

        The draws of an item's classes share their noise: what differs between them is not chance.

        Reference: Kingma et al., 2014, arXiv:1406.5298, equation 6.
        """
        k = self.classes
        log_q = self.class_logits(images).log_softmax(1)
        every = torch.eye(k, device=log_q.device, dtype=log_q.dtype)[None]
        q = self.styles(images, every)
        z = q.mean + q.log_scale.exp() * normal((len(images), 1, self.latent), q.mean)  # b k latent
        codes = torch.cat([every.expand(len(images), k, k), z], 2).flatten(0, 1)
        log_p = self.likelihood_of(codes).log_prob(images.repeat_interleave(k, 0)).unflatten(0, (-1, k))
        standard = Gaussian.standard((k, self.latent), z)
        divergence = kl_by_dimension(q, standard).sum(2)
        return log_p - divergence - math.log(k), log_q

    def elbo(self, images: Items, given: Given | None = None) -> Nats:
        """−U: a lower bound of log p(x) in which y is summed over and z drawn, nats, shape (b)."""
        self.check(images, given)
        return marginal_bound(*self.bounds_by_class(images))

    def encode(self, images: Items, given: Given | None = None) -> Latents:
        """The most probable class as a one-hot vector, then E[z|x, y] of it, shape (b, classes + latent)."""
        self.check(images, given)
        best = one_hot(self.class_logits(images).argmax(1), self.classes, images)
        return torch.cat([best, self.styles(images, best[:, None]).mean[:, 0]], 1)

    def decode(self, latents: Latents, given: Given | None = None) -> Items:
        """E[x|y, z] of codes; the numbers for y need be no one-hot vector, so that a walk is smooth."""
        self.check_given(given)
        return self.likelihood_of(latents).mean

    def draw_latents(self, n: int, labels: Labels | None = None) -> Latents:
        """`n` codes of y ~ p(y), or of these labels, and z ~ N(0, I), shape (n, classes + latent)."""
        if labels is None:
            labels = (uniform((n, 1), self.like)[:, 0] * self.classes).long()
        return torch.cat([one_hot(labels, self.classes, self.like), normal((n, self.latent), self.like)], 1)

    @torch.no_grad()
    def sample(self, n: int, given: Given | None = None, *, temperature: float = 1.0) -> Items:
        """`n` new items, shape (n, *shape), of the classes `given.labels` or, without it, of y ~ p(y).

        Args:
            n: how many.
            given: labels or nothing.
            temperature: of z and x.
        """
        labels = given.labels if given else None
        self.check_given(Given(images=given.images, vector=given.vector) if given else None)
        codes = self.draw_latents(n, labels)
        codes[:, self.classes :] *= temperature
        return self.likelihood_of(codes).sample(temperature)

    def _scaled(self, images: Items) -> Items:
        return 2 * images - 1 if self.is_image else images

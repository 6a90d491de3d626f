"""A GAN whose critic tells classes apart: learning from few labels with the help of samples."""

from collections.abc import Sequence
from dataclasses import replace

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from genzoo.errors import BadInput
from genzoo.models.adversarial.base import Fakes, NoiseModel
from genzoo.models.adversarial.gan import Prior, check_prior, draw
from genzoo.models.registry import register
from genzoo.nn import adversaries
from genzoo.nn.adversaries import GeneratorNorm, Net
from genzoo.nn.critic import CriticNorm, Judged
from genzoo.types import Given, Items, Latents, Nats


@register(
    "semi-supervised-gan",
    place="likelihood/implicit/direct",
    title="Semi-supervised GAN (K + 1 classes)",
    formula="D: −log p(y | x, y ≤ K) − log(1 − p(K+1 | x)) − log p(K+1 | G(z)); G: ‖E f(x) − E f(G(z))‖²",
    reference="Salimans et al., 2016, arXiv:1606.03498",
    objective={"class": "TaughtAdversarial"},
    tiny={
        "": {"shape": (1, 8, 8), "latent": 4, "classes": 3, "net": "mlp", "hidden": (16,)},
        "dcgan": {"shape": (1, 8, 8), "latent": 4, "classes": 3, "net": "dcgan", "width": 4},
    },
    optimizer={"name": "adam", "lr": 3e-4, "betas": (0.5, 0.999)},
)
class ClassifyingGAN(NoiseModel):
    """A generator x = G(z), and a critic that is a classifier of the K classes of data and one more: made.

    With class logits l₁ … l_K and the logit of "made" fixed at 0, P(x is data) = Z/(Z + 1) with Z = Σ exp
    l_k: the critic's score is log Z. The few items whose label is told teach it which class is which, all the
    others that they are of some class, and samples that they are of none.

    Reference: Salimans, Goodfellow, Zaremba, Cheung, Radford & Chen, 2016, "Improved techniques for training
    GANs", arXiv:1606.03498, section 5.

    >>> model = ClassifyingGAN((1, 8, 8), latent=4, classes=3, width=4, net="dcgan").eval()
    >>> model.class_logits(model.sample(5)).shape
    torch.Size([5, 3])

    Args:
        classes: K.
        latent: numbers in a latent z.
        net: kind of both nets: "mlp", "maxout", "dcgan", "conv-dense" or "residual".
        width: channels of the finest feature map of convolutional nets.
        hidden: widths of the hidden layers of both fully connected nets.
        prior: p(z): standard normal, or uniform on [−1, 1].
        generator_norm: of net dcgan, as in `gan`.
        critic_norm: as in `gan`.
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        classes: int = 10,
        latent: int = 100,
        net: Net = "dcgan",
        width: int = 64,
        hidden: Sequence[int] = (1200, 1200),
        prior: Prior = "uniform",
        generator_norm: GeneratorNorm = "default",
        critic_norm: CriticNorm = "default",
    ) -> None:
        super().__init__(shape)
        check_prior(prior)
        if classes < 2 or latent < 1:
            raise BadInput(f"classes must be at least 2 and latent at least 1, got {classes} and {latent}")
        self.classes, self.latent, self.prior = classes, latent, prior
        self.generator = adversaries.generator(
            net, latent, self.shape, width=width, hidden=hidden, norm=generator_norm
        )
        self.critic = adversaries.critic(
            net, self.shape, width=width, hidden=hidden, norm=critic_norm, reads=classes, sums=True
        )

    def check_given(self, given: Given | None) -> None:
        """As any model's, but labels may be there: they are read, nothing is conditional on them."""
        super().check_given(replace(given, labels=None) if given is not None else None)

    def draw_latents(self, n: int, temperature: float = 1.0) -> Latents:
        """`n` draws z ~ p(z), shape (n, latent); the temperature scales their spread."""
        return temperature * draw(self.prior, n, self.latent, self.like)

    def decode(self, latents: Latents, given: Given | None = None) -> Items:
        """G(z), shape (b, *shape)."""
        self.check_given(given)
        return self.made(self.generator(latents))

    def class_logits(self, images: Items) -> Float[Tensor, "b k"]:
        """l of each item: log p(y | x, y ≤ K) up to a constant, shape (b, classes)."""
        read = self.judge(images).read
        assert read is not None
        return read

    def reading(self, judged: Judged, made: Fakes | None, given: Given | None) -> Nats | None:
        """−log p(y | x, y ≤ K) of data whose label is told, 0 of the others, shape (b); None of samples.

        Told ones are scaled up by how many of the batch they are, so that a mean over the batch is one over
        them.
        """
        if made is not None or judged.read is None or given is None or given.labels is None:
            return None
        told = given.labels >= 0
        share = told.to(judged.read.dtype).mean().clamp_min(1 / len(told))
        return F.cross_entropy(judged.read, given.labels, ignore_index=-1, reduction="none") / share

"""What every two-player model has: a generator, a critic, and how the game sees them."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from genzoo.models.base import Model
from genzoo.nn.conditions import one_hot
from genzoo.nn.critic import Critic, Judged
from genzoo.nn.picture_pair import PictureCritic
from genzoo.nn.progressive import ProgressiveCritic
from genzoo.types import Given, Items, Latents, Nats, Scores


@dataclass(frozen=True)
class Fakes:
    """Samples with what they were made from.

    Args:
        images: G(z), shape (b, *shape).
        latents: z, shape (b, latent).
        given: the conditions that they were drawn under.
    """

    images: Items
    latents: Latents
    given: Given | None

    def detached(self) -> "Fakes":
        """The same without a graph."""
        return Fakes(self.images.detach(), self.latents, self.given)


class TwoPlayerModel(Model):
    """A generator x = G(z) of noise z ~ p(z), and a critic that tells samples from data.

    p(x) is never written down, only drawn from. The nets see images in [−1, 1]; vectors and series as they
    are.
    """

    generator: nn.Module
    critic: Critic | PictureCritic | ProgressiveCritic

    @abstractmethod
    def draw_latents(self, n: int, temperature: float = 1.0) -> Latents:
        """`n` draws z ~ p(z), shape (n, latent)."""

    @abstractmethod
    def generate(self, latents: Latents, given: Given | None = None) -> Items:
        """G(z), shape (b, *shape)."""

    @abstractmethod
    def reading(self, judged: Judged, made: Fakes | None, given: Given | None) -> Nats | None:
        """−log probability, shape (b), that the critic's other head gives to what it should read off items.

        None where there is nothing to read: no such head, or items of which the answer is not known.

        Args:
            judged: what the critic says of the items.
            made: the items, where they are samples; None for data.
            given: the items' conditions.
        """

    @property
    def pictures(self) -> bool:
        """Whether items are images."""
        return len(self.shape) == 3

    @property
    def span(self) -> float:
        """By how much more an item varies as the nets see it: 2 for images, which they see in [−1, 1]."""
        return 2.0 if self.pictures else 1.0

    def made(self, output: Tensor) -> Items:
        """Items of what the generator's net puts out."""
        return (output + 1) / 2 if self.pictures else output

    @torch.no_grad()
    def sample(self, n: int, given: Given | None = None, *, temperature: float = 1.0) -> Items:
        """`n` new items G(z), z ~ p(z), shape (n, *shape); below 1 the temperature draws z nearer to 0."""
        return self.generate(self.draw_latents(n, temperature), given)

    def judge(
        self, images: Items, given: Given | None = None, *, weights: Mapping[str, Tensor] | None = None
    ) -> Judged:
        """What the critic says of items, under other weights of its own if they are given, by name."""
        self.check(images, given)
        arguments = (2 * images - 1 if self.pictures else images, self.beside(given))
        if weights is None:
            return self.critic(*arguments)
        found = functional_call(self.critic, dict(weights), arguments)
        assert isinstance(found, Judged)
        return found

    def score(self, images: Items, given: Given | None = None) -> Scores:
        """How much each item looks like data to the critic, shape (b); of a critic of patches their mean."""
        return self.judge(images, given).score.unflatten(0, (len(images), -1)).mean(1)

    def beside(self, given: Given | None) -> Float[Tensor, "b ..."] | None:
        """What the critic is shown beside items: their labels as one-hot rows, None where it knows none."""
        if not self.critic.classes or given is None or given.labels is None:
            return None
        return one_hot(given.labels, self.critic.classes, self.like)


class NoiseModel(TwoPlayerModel):
    """A two-player model whose noise is all that an item is made from: latents that can be walked in."""

    @abstractmethod
    def decode(self, latents: Latents, given: Given | None = None) -> Items:
        """G(z), shape (b, *shape)."""

    def generate(self, latents: Latents, given: Given | None = None) -> Items:
        """G(z), shape (b, *shape)."""
        return self.decode(latents, given)

    def features(self, images: Items, given: Given | None = None) -> Sequence[Tensor]:
        """The critic's activations of each hidden layer, from the item inwards.

        It is shown no labels, also where it knows them. A packed critic is shown each item as many times as
        it takes.
        """
        self.check_shape(images)
        packed = images.repeat_interleave(self.critic.pack, 0)
        found: Judged = self.critic(2 * packed - 1 if self.pictures else packed)
        return found.features

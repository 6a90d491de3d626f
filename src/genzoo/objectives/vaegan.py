"""The game of the VAE/GAN: encoder, decoder and critic, each with terms of its own."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from genzoo.densities import Gaussian, kl
from genzoo.densities.base import sum_over_item
from genzoo.errors import BadInput
from genzoo.models.variational.vaegan import VAEGAN
from genzoo.nn.codec import at_least_float32
from genzoo.objectives.base import Objective, Update
from genzoo.objectives.divergences import divergence_named
from genzoo.random import mean_across, normal
from genzoo.types import Batch, Latents, Loss, Scalar

Fakes = Float[Tensor, "two_b c h w"]  # x̃ of a batch, then as many x_p


class LearnedSimilarity(Objective[VAEGAN]):
    """Three players: E descends KL + R, G descends γ·R − L_GAN, D raises L_GAN. Each moves by its terms only.

    With z ~ q(z|x), x̃ = G(z), z_p ~ N(0, I), x_p = G(z_p) and D_l the critic's l-th hidden layer

        KL    = KL(q(z|x) ‖ N(0, I)),
        R     = −log N(D_l(x); D_l(x̃), I) = ½‖D_l(x) − D_l(x̃)‖² + const, summed over the layer,
        L_GAN = log D(x) + ½ log(1 − D(x̃)) + ½ log(1 − D(x_p)).

    The encoder gets no gradient of L_GAN, the decoder none of KL, the critic none of R. In the paper the
    last two logarithms count whole; as in the authors' code they share one weight here, so that a critic
    which cannot tell pays log 2 for data and for fakes alike. G always decodes z and z_p in one batch,
    and D sees x, x̃ and x_p in one, so that under batch normalisation each is one function in all moves.

    The players move in turn, critic first, where the paper moves all at once; x̃ and x_p stay those that the
    critic saw. By the authors' code the critic passes while what it pays for data or for fakes is below
    `equilibrium` − `margin`, the decoder while either is above `equilibrium` + `margin`; if both would
    pass, both move. Of a gradient in parts, each part decides, and one that passes ends the move.

    Reference: Larsen et al., 2016, arXiv:1512.09300, equations 5 to 8, section 2.3 and algorithm 1; the
    rule for passing, and its values: github.com/andersbll/autoencoding_beyond_pixels.

    >>> LearnedSimilarity(gamma=1e-4).spec["layer"]
    -1

    Args:
        divergence: what the decoder pays for a score: "non-saturating", or "minimax" (the paper), by which
            samples that the critic is sure of teach the decoder nothing.
        gamma: γ, how much the decoder cares to rebuild: R is a sum over the features, so it is small.
        layer: l: 1 is the critic's hidden layer next to the image, 2 the next, -1 the last one.
        equilibrium: nats that a critic pays on average which cannot tell: log 2 = 0.69.
        margin: how far from it, in nats, a player may be before it passes; 10 lets all move always.
    """

    def __init__(
        self,
        divergence: str = "non-saturating",
        *,
        gamma: float = 1e-2,
        layer: int = -1,
        equilibrium: float = 0.68,
        margin: float = 0.35,
    ) -> None:
        if gamma < 0 or margin < 0:
            raise BadInput(f"gamma and margin must be at least 0, got {gamma} and {margin}")
        if layer == 0 or layer < -1:
            raise BadInput(f"layer counts hidden layers of the critic from 1, or is -1, got {layer}")
        self.divergence = divergence_named(divergence)
        self.gamma, self.layer = gamma, layer
        self.equilibrium, self.margin = equilibrium, margin

    def players(self, model: VAEGAN) -> Mapping[str, Sequence[nn.Parameter]]:
        """Encoder, decoder and critic."""
        nets = {"encoder": model.encoder, "decoder": model.gan.generator, "critic": model.gan.critic}
        return {name: list(net.parameters()) for name, net in nets.items()}

    def turn(self, model: VAEGAN, step: int) -> Sequence[Update[VAEGAN]]:
        """The critic's move, the encoder's, the decoder's."""
        parts: list[_Part] = []
        for_encoder, for_decoder = iter(parts), iter(parts)

        def critic(model: VAEGAN, batch: Batch) -> Loss | None:
            parts.append(part := _Part(model, batch, keep=not parts))
            loss = self.critic_loss(model, batch, part.for_critic())
            critic_moves, part.decoder_moves = self.who_moves(loss)
            return loss if critic_moves else None

        def encoder(model: VAEGAN, batch: Batch) -> Loss:
            return self.encoder_loss(model, batch, *next(for_encoder).for_encoder(model, batch))

        def decoder(model: VAEGAN, batch: Batch) -> Loss | None:
            part = next(for_decoder)
            return self.decoder_loss(model, batch, part.for_decoder(model)) if part.decoder_moves else None

        return [Update("critic", critic), Update("encoder", encoder), Update("decoder", decoder)]

    def who_moves(self, critic: Loss) -> tuple[bool, bool]:
        """Whether the critic moves, and the decoder, by what the critic pays on average in all processes."""
        costs = mean_across(torch.stack([critic.terms["real"], critic.terms["fake"]]))
        ahead = bool(costs.min() < self.equilibrium - self.margin)
        behind = bool(costs.max() > self.equilibrium + self.margin)
        return (True, True) if ahead and behind else (not ahead, not behind)

    def critic_loss(self, model: VAEGAN, batch: Batch, fakes: Fakes) -> Loss:
        """What the critic pays for the data, and on average for `fakes`: x̃ and x_p, without a graph."""
        scores, _ = model.judge(torch.cat([batch.images, fakes]))
        real, fake = scores[: len(batch)], scores[len(batch) :]
        cost_real, cost_fake = self.divergence.real(real).mean(), self.divergence.fake(fake).mean()
        terms = {"real": cost_real.detach(), "fake": cost_fake.detach()}
        d_real, d_rebuilt, d_drawn = scores.detach().sigmoid().view(3, -1).mean(1)
        verdict = {"d_real": d_real, "d_rebuilt": d_rebuilt, "d_drawn": d_drawn}
        return Loss(cost_real + cost_fake, terms | verdict)

    def encoder_loss(self, model: VAEGAN, batch: Batch, posterior: Gaussian, fakes: Fakes) -> Loss:
        """KL(q(z|x) ‖ p(z)) + R, a mean over the batch, nats."""
        divergence = kl(posterior, Gaussian.standard((model.latent,), posterior.mean)).mean()
        error = self.feature_error(model.features(torch.cat([batch.images, fakes])), len(batch))
        pixels = sum_over_item((batch.images - fakes[: len(batch)]).detach().square()).mean()
        return Loss(divergence + error, {"kl": divergence, "feature_error": error, "squared_error": pixels})

    def decoder_loss(self, model: VAEGAN, batch: Batch, fakes: Fakes) -> Loss:
        """γ·R and what the decoder pays on average for the scores of x̃ and x_p."""
        scores, features = model.judge(torch.cat([batch.images, fakes]))
        error = self.feature_error(features, len(batch))
        cost = self.divergence.generator(scores[len(batch) :]).mean()
        return Loss(self.gamma * error + cost, {"feature_error": error, "cost": cost})

    def feature_error(self, features: Sequence[Tensor], n: int) -> Scalar:
        """R without its constant, of the features of n images and, next, of the n rebuilt from them."""
        if self.layer > len(features):
            raise BadInput(f"layer {self.layer}: the critic has {len(features)} hidden layers")
        chosen = at_least_float32(features[self.layer - (self.layer > 0)])
        return 0.5 * sum_over_item((chosen[:n] - chosen[n : 2 * n]).square()).mean()


class _Part:
    """The latents of one batch and what is decoded from them: all three players meet the same.

    The graph of the first part of a turn is kept from the critic's move to the encoder's, who needs no
    second forward pass, for encoder and decoder have not moved since. The other parts of an accumulated
    gradient, which is there to save memory, keep their noise and decode anew.

    Args:
        keep: whether to keep the graph.
    """

    def __init__(self, model: VAEGAN, batch: Batch, keep: bool) -> None:
        self.keep, self.decoder_moves = keep, True
        self.prior = model.draw_latents(len(batch))
        self.noise = normal(self.prior.shape, self.prior)
        with torch.set_grad_enabled(keep):
            self.posterior, self.latents, self.fakes = self.decoded(model, batch)

    def decoded(self, model: VAEGAN, batch: Batch) -> tuple[Gaussian, Latents, Fakes]:
        """q(z|x), z = μ + σ·ε with this part's ε, and x̃ and x_p, decoded in one batch."""
        q = model.posterior(batch.images, batch.given)
        latents = q.mean + q.log_scale.exp() * self.noise
        return q, latents.detach(), model.decode(torch.cat([latents, self.prior]))

    def for_critic(self) -> Fakes:
        """x̃ and x_p, without a graph."""
        return self.fakes.detach()

    def for_encoder(self, model: VAEGAN, batch: Batch) -> tuple[Gaussian, Fakes]:
        """q(z|x), and x̃ and x_p with a graph to the encoder that one backward pass uses up."""
        if self.keep:
            return self.posterior, self.fakes
        q, _, fakes = self.decoded(model, batch)
        return q, fakes

    def for_decoder(self, model: VAEGAN) -> Fakes:
        """x̃, from the z that the critic met, and x_p, with a graph to the decoder."""
        return model.decode(torch.cat([self.latents, self.prior]))

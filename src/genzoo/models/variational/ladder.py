"""The bidirectional ladder: many layers of latent maps, inferred on the way up and down again."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from genzoo.densities import Density, Gaussian, Reparameterised, Support
from genzoo.densities.base import sum_over_item
from genzoo.errors import BadInput, nearest
from genzoo.models.registry import register
from genzoo.models.variational.base import LatentVariableModel
from genzoo.models.variational.bound import Explained, elbo_terms
from genzoo.models.variational.likelihoods import LikelihoodName, head
from genzoo.nn.causal import Features
from genzoo.nn.codec import at_least_float32
from genzoo.nn.ladder import Ladder, MapFlow, Proposal
from genzoo.nn.weight_norm import data_dependent
from genzoo.types import Given, Images, Items, Latents, Nats

_TINY = {"shape": (1, 8, 8), "maps": 2, "width": 6, "rungs": 1, "scales": 2, "likelihood": "bernoulli"}


@register(
    "ladder-vae",
    place="likelihood/explicit/approximate/variational",
    title="Ladder VAE with inverse autoregressive flow",
    formula="log p(x) ≥ E_q[log p(x|z) − Σ log q(z_l | z_>l, x)/p(z_l | z_>l)]",
    reference="Kingma et al., 2016, arXiv:1606.04934; Sønderby et al., 2016, arXiv:1602.02282",
    objective={"class": "NegativeELBO"},
    tiny={
        "": _TINY,
        "diagonal": _TINY | {"posterior": "diagonal"},
        "rgb": {"shape": (3, 7, 9), "maps": 2, "width": 6, "rungs": 2, "scales": 1},
        "mixture": _TINY | {"shape": (3, 6, 6), "likelihood": "mixture", "levels": 8},
    },
    optimizer={"name": "adam", "lr": 2e-3},
)
class LadderVAE(LatentVariableModel):
    """Latent maps z₁ … z_L at several sizes; the top ones are drawn first, each below given those above.

    On the way up a residual net takes features from the image; on the way down the same net's other half
    gives every rung's prior p(z_l | z_>l) and, joined with what came up, its posterior q(z_l | z_>l, x): mean
    and log σ are sums of the two. With `posterior` "iaf" an inverse autoregressive step in each rung carries
    the posterior's draw on. Divergences are averaged over draws, in groups: each latent map of each rung,
    summed over its places, is one, and may have free bits. Convolutions are weight-normalised, their scales
    begin from the first batch. A code is all latent maps as one vector, the top rung's first.

    Reference: Kingma, Salimans, Jozefowicz, Chen, Sutskever & Welling, "Improving variational inference with
    inverse autoregressive flow", 2016, arXiv:1606.04934, section 5.2 and appendix. Its net for CIFAR-10 has
    width 160, 32 latent maps and some 20 rungs; the defaults here are a net that a CPU can train. A mixture
    of discretised logistics takes the place of its single one.

    Args:
        shape: (c, h, w) of one image, any sizes: odd ones are halved rounding up.
        maps: latent maps of each rung.
        width: feature maps.
        rungs: at each size.
        scales: sizes, the first half of the image's.
        posterior: "iaf" or "diagonal".
        likelihood: "mixture", "logistic", "categorical", "bernoulli" or "gaussian".
        levels: of the pixels, where each level has a probability.
        min_scale: smallest σ of a pixel; of "gaussian".
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        maps: int = 8,
        width: int = 32,
        rungs: int = 2,
        scales: int = 2,
        posterior: Literal["iaf", "diagonal"] = "iaf",
        likelihood: LikelihoodName = "mixture",
        levels: int = 256,
        min_scale: float = 1 / 255,
    ) -> None:
        super().__init__(shape)
        if len(self.shape) != 3:
            raise BadInput(f"a ladder is of images (c, h, w), got items of shape {self.shape}")
        if posterior not in ("iaf", "diagonal"):
            raise BadInput(f"no posterior {posterior!r}{nearest(posterior, ('iaf', 'diagonal'))}")
        if maps < 1:
            raise BadInput(f"maps must be at least 1, got {maps}")
        channels = self.shape[0]
        self.head = head(likelihood, bounded=True, levels=levels, min_scale=min_scale, channels=channels)
        self.levels, self.maps = self.head.levels, maps
        parameters, (out, _, _) = self.head.output(self.shape)
        self.parts = (parameters, out)
        self.ladder = Ladder(
            self.shape, parameters * out, width=width, latent=maps, rungs=rungs, scales=scales
        )
        steps = len(self.ladder.rungs) if posterior == "iaf" else 0
        self.flows = torch.nn.ModuleList(MapFlow(maps, width, backwards=i % 2 == 1) for i in range(steps))
        self.sizes = self.ladder.sizes[::-1]  # from the top, as codes are
        self.latent = sum(maps * h * w for h, w in self.sizes)

    def initialise(self, images: Items, given: Given | None = None) -> None:
        """The scales of the normalised convolutions, from a batch: called once, before training."""
        with data_dependent(self.ladder), torch.no_grad():
            self.explain(images, given)

    def posterior(self, images: Items, given: Given | None = None) -> "Ascent":
        """q(z|x), z of shape (b, latent)."""
        self.check(images, given)
        return Ascent(self, self.ladder.up(2 * images - 1))

    def prior(self, given: Given | None = None) -> "Descent":
        """p(z), a batch of one; `prior().expand(n)` for n."""
        self.check_given(given)
        return Descent(self, 1)

    def likelihood(self, latents: Latents, given: Given | None = None) -> Density:
        """p(x|z)."""
        self.check_given(given)
        maps = self.unpacked(latents)
        return self.density(self.ladder.down(len(latents), lambda i, p, r: maps[i]))

    def elbo(self, images: Items, given: Given | None = None) -> Nats:
        """log p(x|z) − log q(z|x)/p(z) with one z ~ q an item, nats, shape (b)."""
        reconstruction, divergence = elbo_terms(self, images, given)
        return reconstruction - divergence

    def explain(self, images: Items, given: Given | None = None, *, samples: int = 1) -> Explained:
        """Draws of the posterior, each by one way down after the one way up."""
        q = self.posterior(images, given)
        found = [q.descend() for _ in range(samples)]
        by_group = torch.stack([groups for _, _, groups in found], 1)  # b n groups
        log_likelihood = torch.stack([self.density(out).log_prob(images) for _, out, _ in found], 1)
        return Explained(log_likelihood, by_group.sum(2), by_group.mean(1))

    def density(self, output: Features) -> Density:
        """p(x|z) of what comes down the ladder."""
        return self.head.density(at_least_float32(output).unflatten(1, self.parts))

    def packed(self, maps: Sequence[Tensor]) -> Latents:
        """The latent maps of all rungs, from the top, as one vector an item."""
        return torch.cat([z.flatten(1) for z in maps], 1)

    def unpacked(self, latents: Latents) -> list[Tensor]:
        """The inverse of `packed`."""
        parts = latents.split([self.maps * h * w for h, w in self.sizes], 1)
        return [part.unflatten(1, (self.maps, *size)) for part, size in zip(parts, self.sizes, strict=True)]


class Ascent(Reparameterised):
    """q(z|x) = Π q(z_l | z_>l, x), drawn from the top down.

    Args:
        model: whose.
        proposals: what the image says of each rung, from the top.
    """

    def __init__(self, model: LadderVAE, proposals: list[Proposal]) -> None:
        self.model, self.proposals = model, proposals

    @property
    def centre(self) -> Latents:
        """Every rung at the mean of its posterior (what the flow makes of it), given those above."""
        return self.descend(noise=False)[0]

    def rsample_with_log_prob(self) -> tuple[Latents, Latents]:
        """A draw, and what each dimension adds to log q(z|x): (b, latent) each."""
        log_q: list[Tensor] = []
        latents, _, _ = self.descend(log_q=log_q)
        return latents, torch.cat([part.flatten(1) for part in log_q], 1)

    @torch.no_grad()
    def sample(self, temperature: float = 1.0) -> Latents:
        """One draw a row, shape (b, latent); at temperature 0 the centre."""
        if temperature not in (0.0, 1.0):
            raise ValueError(f"a ladder's posterior is drawn at temperature 1 or 0, got {temperature}")
        return self.descend(noise=temperature == 1)[0]

    def descend(
        self, *, noise: bool = True, log_q: list[Tensor] | None = None
    ) -> tuple[Latents, Features, Tensor]:
        """The latents, what comes down the ladder with them, and log q − log p by group (b, rungs·maps).

        Args:
            noise: draw; else take each rung's mean.
            log_q: gathers log q of each rung's maps.
        """
        maps: list[Features] = []
        ratios: list[Tensor] = []

        def choose(number: int, prior: Proposal, below: Proposal) -> Features:
            above = self.proposals[number]
            base = Gaussian(above.mean + below.mean, above.log_scale + below.log_scale)
            z, own = base.rsample_with_log_prob() if noise else (base.mean, torch.zeros_like(base.mean))
            if len(self.model.flows):
                z, log_volume = self.model.flows[number](z, above.context + below.context)
                own = own - log_volume
            maps.append(z)
            if log_q is not None:
                log_q.append(own)
            ratios.append((own - _log_prob(prior, z)).flatten(2).sum(2))
            return z

        output = self.model.ladder.down(len(self.proposals[0].mean), choose)
        return self.model.packed(maps), output, torch.cat(ratios, 1)


class Descent(Density):
    """p(z) = Π p(z_l | z_>l) from the top rung to the lowest.

    Args:
        model: whose.
        rows: of the batch.
    """

    support = Support()

    def __init__(self, model: LadderVAE, rows: int) -> None:
        self.model, self.rows = model, rows

    @property
    def mean(self) -> Latents:
        """Every rung at its mean, given those above: not E[z], which has no closed form."""
        return self.sample(temperature=0.0)

    @torch.no_grad()
    def sample(self, temperature: float = 1.0) -> Latents:
        """One draw a row, shape (b, latent); the temperature multiplies every rung's σ."""
        maps: list[Images] = []

        def choose(number: int, prior: Proposal, below: Proposal) -> Features:
            maps.append(Gaussian(prior.mean, prior.log_scale).sample(temperature))
            return maps[-1]

        self.model.ladder.down(self.rows, choose)
        return self.model.packed(maps)

    def log_prob(self, items: Latents) -> Nats:
        """log p(z) of each row, nats (a density), shape (b)."""
        maps, found = self.model.unpacked(items), []

        def choose(number: int, prior: Proposal, below: Proposal) -> Features:
            found.append(sum_over_item(_log_prob(prior, maps[number])))
            return maps[number]

        self.model.ladder.down(len(items), choose)
        return torch.stack(found).sum(0)

    def expand(self, n: int) -> "Descent":
        """The same distribution for n rows."""
        return Descent(self.model, n)


def _log_prob(prior: Proposal, z: Features) -> Features:
    return Gaussian(prior.mean, prior.log_scale).log_prob_by_dimension(z)

"""The game of CycleGAN: two translators that undo each other, two critics, and no pairs."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from genzoo.data.batches import Batches
from genzoo.data.dataset import Dataset
from genzoo.data.domains import two_domains
from genzoo.data.jitter import Jitter
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.models.adversarial.cyclegan import CycleGAN
from genzoo.models.base import uses_batch_statistics
from genzoo.objectives.base import Health, Objective, Update
from genzoo.objectives.divergences import divergence_named
from genzoo.objectives.image_pool import ImagePool
from genzoo.types import Batch, Loss, Scalar

OfKind = Float[Tensor, "b _ _ _"]  # images of one of two kinds, each with its own channels

_SPAN = 2.0  # the nets see images in [−1, 1], in which a distance is measured as published


class CycleConsistency(Objective[CycleGAN]):
    """Translators G: A → B and F: B → A, the critics of B and of A.

    The translators move first, then the critics, on the same samples, some of them exchanged for earlier ones
    (`ImagePool`). With G and F descend

        w·(c(D_B(G(a))) + c(D_A(F(b)))) + λ·(‖F(G(a)) − a‖₁ + ‖G(F(b)) − b‖₁)
            + λ·ι·(‖G(b) − b‖₁ + ‖F(a) − a‖₁),

    c what is paid for a score, distances means over the numbers of an image in [−1, 1]. The identity's weight
    ι is relative to λ, as in the authors' code; other libraries have λ·ι as their option, ten times as large.

    Items of kind A and B come in orders that have nothing to do with each other, also where data are pairs.

    Reference: Zhu et al., 2017, arXiv:1703.10593, equations 1 to 3, section 4, and appendix 7.1.

    >>> CycleConsistency().spec["pool"]
    50

    Args:
        divergence: what each side pays for a score; published "least-squares". Not "relativistic".
        cycle: λ.
        identity: ι: how much of an image of its own output's kind a translator must leave as it is; 0: it
            need not.
        adversarial: w: 2, because the cost ½(D − 1)² here is (D − 1)² there.
        pool: earlier samples of each kind from which a critic is shown some.
        jitter: by how much images are enlarged before a window of their size is cut out: 30/256 as published.
        mirror: whether half of the images are mirrored.
    """

    def __init__(
        self,
        divergence: str = "least-squares",
        *,
        cycle: float = 10.0,
        identity: float = 0.5,
        adversarial: float = 2.0,
        pool: int = 50,
        jitter: float = 30 / 256,
        mirror: bool = True,
    ) -> None:
        self.divergence = divergence_named(divergence)
        if self.divergence.paired:
            raise BadInput(f"divergence {divergence!r} compares pairs, and there are none here")
        if min(cycle, identity, adversarial) < 0:
            raise BadInput(
                f"cycle, identity and adversarial must be at least 0, got {cycle}, {identity}, {adversarial}"
            )
        self.cycle, self.identity, self.adversarial = cycle, identity, adversarial
        self.jitter, self.pools = Jitter(jitter, mirror), {"A": ImagePool(pool), "B": ImagePool(pool)}

    def batches(
        self, dataset: Dataset, *, view: View, size: int, seed: int, requires: Collection[str]
    ) -> Batches:
        """Images of kind B with as many of kind A beside them, each in an order of its own."""
        a, b = two_domains(dataset)
        return Batches(b, view=view, size=size, seed=seed, jitter=self.jitter, beside=a)

    def begin(self, model: CycleGAN, batch: Batch) -> None:
        """BadInput for an identity between kinds with other channels."""
        a, b = (shape[0] for shape in model.domains.values())
        if a != b and self.identity:
            raise BadInput(
                f"images have {a} and {b} channels, so none is its own translation: give --identity 0"
            )

    def players(self, model: CycleGAN) -> Mapping[str, Sequence[nn.Parameter]]:
        """Both translators, and both critics, in the order of `model.parameters()`."""
        return {
            "translators": [*model.to_b.parameters(), *model.to_a.parameters()],
            "critics": [*model.critic_b.parameters(), *model.critic_a.parameters()],
        }

    def turn(self, model: CycleGAN, step: int) -> Sequence[Update[CycleGAN]]:
        """The translators' move, then the critics', who see what the translators made."""
        made: list[dict[str, OfKind]] = []

        def translators(model: CycleGAN, batch: Batch) -> Loss:
            loss, fakes = self.translators_loss(model, batch)
            made.append(fakes)
            return loss

        def critics(model: CycleGAN, batch: Batch) -> Loss:
            fakes = made.pop(0)
            return self.critics_loss(model, batch, {k: self.pools[k].exchanged(x) for k, x in fakes.items()})

        return [Update("translators", translators), Update("critics", critics)]

    def translators_loss(self, model: CycleGAN, batch: Batch) -> tuple[Loss, dict[str, OfKind]]:
        """What the translators pay, and what they made, by kind, without a graph."""
        real = {"A": _other(batch), "B": batch.images}
        fakes, same = self._translated(model, real)
        back = {"A": model.translate(fakes["B"], "A"), "B": model.translate(fakes["A"], "B")}
        terms: dict[str, Scalar] = {}
        for kind in ("B", "A"):
            score = model.judge(fakes[kind], kind).score
            terms[f"verdict_{kind}"] = self.divergence.generator(score).mean()
            terms[f"cycle_{kind}"] = _distance(back[kind], real[kind])
            if same:
                terms[f"identity_{kind}"] = _distance(same[kind], real[kind])
        weights = {"verdict": self.adversarial, "cycle": self.cycle, "identity": self.cycle * self.identity}
        total = torch.stack([weights[name[:-2]] * value for name, value in terms.items()]).sum()
        terms = {name: value.detach() for name, value in terms.items()}
        return Loss(total, terms), {kind: x.detach() for kind, x in fakes.items()}

    def critics_loss(self, model: CycleGAN, batch: Batch, fakes: Mapping[str, OfKind]) -> Loss:
        """What both critics pay for the batch's images and for these fakes."""
        real, terms = {"A": _other(batch), "B": batch.images}, {}
        for kind in ("B", "A"):
            told, taken = model.judge(real[kind], kind).score, model.judge(fakes[kind], kind).score
            terms[f"real_{kind}"] = self.divergence.real(told).mean()
            terms[f"fake_{kind}"] = self.divergence.fake(taken).mean()
        total = torch.stack(list(terms.values())).sum()
        return Loss(total, {name: value.detach() for name, value in terms.items()})

    def health(self, model: CycleGAN, batch: Batch) -> Health:
        """How far images of each kind are from themselves, there and back, and how unlike on the way."""
        numbers, warnings = {}, {}
        for kind, images in {"A": _other(batch), "B": batch.images}.items():
            to = "B" if kind == "A" else "A"
            there = model.translate(images, to)
            spread = [float(torch.pdist(x.flatten(1).double()).mean()) for x in (there, images)]
            spread[0] *= (images[0].numel() / there[0].numel()) ** 0.5  # as if of as many channels
            diversity = spread[0] / spread[1] if len(batch) > 1 and spread[1] else 1.0
            numbers[f"cycle_error_{kind}"] = float((model.translate(there, kind) - images).abs().mean())
            numbers[f"diversity_to_{to}"] = diversity
            if diversity < _COLLAPSED:
                warnings[f"collapse to {to}"] = (
                    f"translations to {to} look alike (two of them are {diversity:.0%} as far apart as what "
                    "they are made from): the translator no longer looks at its input; try --cycle 20, a "
                    "smaller --lr"
                )
        return Health(numbers, warnings)

    def state_dict(self) -> dict[str, Any]:
        """The pools."""
        return {kind: pool.state_dict() for kind, pool in self.pools.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes back what `state_dict` gave."""
        for kind, pool in self.pools.items():
            pool.load_state_dict(state[kind])

    def _translated(
        self, model: CycleGAN, real: Mapping[str, OfKind]
    ) -> tuple[dict[str, OfKind], dict[str, OfKind]]:
        """G(a) and F(b); where the identity counts also G(b) and F(a), in one pass if items are apart."""
        sources = {"B": real["A"], "A": real["B"]}
        if not self.identity:
            return {kind: model.translate(x, kind) for kind, x in sources.items()}, {}
        if uses_batch_statistics(model):
            fakes = {kind: model.translate(x, kind) for kind, x in sources.items()}
            return fakes, {kind: model.translate(real[kind], kind) for kind in sources}
        both = {kind: model.translate(torch.cat([x, real[kind]]), kind) for kind, x in sources.items()}
        halves = {kind: x.chunk(2) for kind, x in both.items()}
        return {kind: x[0] for kind, x in halves.items()}, {kind: x[1] for kind, x in halves.items()}


_COLLAPSED = 0.2  # of the distance between two images: their translations are closer than this


def _other(batch: Batch) -> OfKind:
    assert batch.target is not None
    return batch.target


def _distance(a: OfKind, b: OfKind) -> Scalar:
    return _SPAN * (a - b).abs().mean()

"""The samples of one turn of a two-player game."""

import torch

from genzoo.models.adversarial.base import Fakes, TwoPlayerModel
from genzoo.types import Batch, Given, Latents


class TurnOfFakes:
    """One turn's samples: the generator is judged on the very noise that the critic saw first.

    The first batch of fakes is decoded once, with its graph: the critic takes it detached, the generator as
    it is. The critic's other draws (repeats, parts of an accumulated gradient) carry no graph; the n-th part
    of the generator's batch decodes the critic's n-th noise anew, so that parts add up to the whole batch.
    Noise keeps the conditions it was drawn under: the generator's move may come with a later batch.
    """

    def __init__(self) -> None:
        self._noise: list[tuple[Latents, Given | None]] = []
        self._made: Fakes | None = None
        self._taken = 0

    def for_critic(self, model: TwoPlayerModel, batch: Batch) -> Fakes:
        """Fresh fakes without a graph, as many as the batch has items, under the same conditions."""
        noise = (model.draw_latents(len(batch)), batch.given)
        self._noise.append(noise)
        if len(self._noise) == 1:
            self._made = _made(model, *noise)
            return self._made.detached()
        with torch.no_grad():
            return _made(model, *noise)

    def for_generator(self, model: TwoPlayerModel, batch: Batch) -> Fakes:
        """The critic's fakes with their graph, or fresh ones where there are none of the batch's size."""
        made, self._made = self._made, None  # let go: a backward pass uses its graph up
        noise = self._noise[self._taken] if self._taken < len(self._noise) else None
        self._taken += 1
        if noise is None or len(noise[0]) != len(batch):
            return _made(model, model.draw_latents(len(batch)), batch.given)
        return made if made is not None else _made(model, *noise)


def _made(model: TwoPlayerModel, latents: Latents, given: Given | None) -> Fakes:
    return Fakes(model.generate(latents, given), latents, given)

"""A pool of earlier samples: what a critic is shown is now and then an old one."""

from typing import Any

import torch

from genzoo.errors import BadInput
from genzoo.random import gathered, own_rows, uniform
from genzoo.types import Images


class ImagePool:
    """The last samples, among which a new one changes places with an old one half of the time.

    While the pool is not full, a sample is kept and shown. Then, with probability 1/2, one of the pool is
    shown and the new one takes its place; else the new one is shown. Samples of a batch go through one by
    one, in the order of the joined batch of all processes, so that they share one pool.

    Reference: Shrivastava et al., 2017, arXiv:1612.07828, section 2.3; 50 images: Zhu et al., 2017,
    arXiv:1703.10593, section 4.

    Args:
        size: images that it holds; 0: every sample is shown once, when it is new.
    """

    def __init__(self, size: int) -> None:
        if size < 0:
            raise BadInput(f"--pool must be at least 0, got {size}")
        self.size = size
        self.images: list[Images] = []  # one each, shape (1, c, h, w)

    @torch.no_grad()
    def exchanged(self, fakes: Images) -> Images:
        """What the critic is shown in place of these samples, as many, without a graph."""
        fakes = fakes.detach()
        if not self.size:
            return fakes
        noise, everyone = gathered(uniform((len(fakes), 2), fakes)), gathered(fakes)
        shown = [
            self._one(x[None], float(swap), float(place))
            for x, (swap, place) in zip(everyone, noise.tolist(), strict=True)
        ]
        return torch.cat([*own_rows(shown)])

    def _one(self, fake: Images, swap: float, place: float) -> Images:
        if len(self.images) < self.size:
            self.images.append(fake.clone())
            return fake
        if swap >= 0.5:
            return fake
        at = int(place * self.size)
        old, self.images[at] = self.images[at], fake.clone()
        return old.to(fake)  # a resumed run's were loaded elsewhere

    def state_dict(self) -> dict[str, Any]:
        """The images it holds."""
        return {"images": torch.cat(self.images)} if self.images else {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes back what `state_dict` gave."""
        self.images = list(state["images"].split(1)) if "images" in state else []

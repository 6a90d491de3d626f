"""How a two-player game is going, on items that neither player has learned from."""

import torch

from genzoo.models.adversarial.base import TwoPlayerModel
from genzoo.nn.critic import Judged
from genzoo.objectives.base import Health
from genzoo.types import Batch, Items, Scalar, Scores

FEWEST = 16  # items to say anything from
COLLAPSED = 0.5  # of the distance between real items: samples are closer than this to each other
REPEATED = 0.35  # of the distance from a real item to its nearest: samples are closer than this to theirs
OVERPOWERING = 0.98  # of pairs that the critic tells rightly


def game_health(model: TwoPlayerModel, batch: Batch) -> Health:
    """Numbers and warnings from held-out items and as many samples under the same conditions.

    - `critic_accuracy`: share of pairs of a held-out item and a sample in which the critic scores the item
      higher: 0.5 if it cannot tell, 1 if it is sure.
    - `sample_diversity`: mean distance between two samples, divided by that between two held-out items.
    - `sample_nearest`: median distance from a sample to the nearest other, divided by that of held-out items.
    """
    n = len(batch) - len(batch) % model.critic.pack
    if n < FEWEST:
        return Health()
    batch = batch.map(lambda t: t[:n])
    samples = model.sample(n, batch.given)
    accuracy = ranked(model.score(batch.images, batch.given), model.score(samples, batch.given))
    diversity, nearest = (
        a / b if b else 1.0 for a, b in zip(_spread(samples), _spread(batch.images), strict=True)
    )
    numbers = {"critic_accuracy": accuracy, "sample_diversity": diversity, "sample_nearest": nearest}
    warnings = {}
    if diversity < COLLAPSED or nearest < REPEATED:
        warnings["collapse"] = (
            f"the samples look alike (two of them are {diversity:.0%} as far apart as two real items, the "
            f"nearest {nearest:.0%}): the generator has collapsed onto few; try --divergence relativistic "
            "--penalty r1+r2 --critic-norm none, --pack 2, or a smaller --lr"
        )
    if accuracy > OVERPOWERING:
        warnings["critic"] = (
            f"the critic tells {accuracy:.0%} of held-out items from samples: it is too far ahead for the "
            "generator to learn much from; try --penalty r1, --smoothing 0.1, a slower critic, --augment "
            "translation colour, or a longer run"
        )
    return Health(numbers, warnings)


def ranked(real: Scores, fake: Scores) -> float:
    """The share of pairs of a real item and a fake in which the real one scores higher; ties count half."""
    difference = real.double()[:, None] - fake.double()[None, :]
    return float(((difference > 0).double() + (difference == 0).double() / 2).mean())


def _spread(items: Items) -> tuple[float, float]:
    """Mean distance between two items, and the median one from an item to its nearest."""
    flat = items.flatten(1).double()
    distance = torch.cdist(flat, flat)
    n = len(flat)
    mean = float(distance.sum() / (n * (n - 1)))
    return mean, float(distance.fill_diagonal_(float("inf")).min(1).values.median())


@torch.no_grad()
def verdict(real: Judged, fake: Judged, boundary: float | None) -> dict[str, Scalar]:
    """For the log: mean scores, and how often the critic is right: on single items, or on pairs.

    Where the game has a score that stands for "cannot tell", an item is told rightly on its own side of it;
    else a pair of a real item and a fake is, when the real one scores higher.
    """
    r, f = real.score, fake.score
    terms = {"score_real": r.mean(), "score_fake": f.mean()}
    if boundary is None:
        return terms | {"accuracy": (r > f).to(r.dtype).mean()}
    right = {"accuracy_real": r > boundary, "accuracy_fake": f < boundary}
    return terms | {name: told.to(r.dtype).mean() for name, told in right.items()}

"""How things are measured: the part of a number's name that is not the model."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

Group = Literal["likelihood", "quality", "coverage", "translation", "completion", "representation", "cost"]
GROUPS: tuple[Group, ...] = get_args(Group)


@dataclass(frozen=True)
class Protocol:
    """How things are measured: equal protocols make numbers that can be compared.

    Args:
        split: of the data: `train`, `val`, `test` or `all`.
        limit: only its first so many items, for likelihoods, probes and completions.
        seed: of samples, of holes, of bounds' noise, of binarization and of the labels that probes are given.
        draws: of the ELBO, an item.
        iwae: draws of the importance-weighted bound, an item; 0 leaves it out.
        naive: draws of naive Monte Carlo over the prior, an item; 0 leaves it out.
        ais: temperatures of annealed importance sampling; 0 leaves it out.
        samples: images drawn to be compared with the split.
        labels: how many labels each probe is given; 0 is all.
        probe_seeds: sets of labels that each probe is averaged over.
        perceptual: a .safetensors file of AlexNet or VGG-16, in whose layers translations are compared with
            their true partners too.
    """

    split: str = "test"
    limit: int | None = None
    seed: int = 0
    draws: int = 16
    iwae: int = 50
    naive: int = 0
    ais: int = 0
    samples: int = 5000
    labels: Sequence[int] = (100,)
    probe_seeds: int = 5
    perceptual: str | None = None

    def of(self, group: Group) -> dict[str, Any]:
        """The part that a group's numbers depend on."""
        fields: dict[Group, str] = {
            "likelihood": "split limit seed draws iwae naive ais",
            "quality": "split seed samples",
            "coverage": "seed",
            "translation": "split seed",
            "completion": "split limit seed",
            "representation": "split limit seed labels probe_seeds",
            "cost": "",
        }
        said = asdict(self)
        return {name: said[name] for name in fields[group].split()}

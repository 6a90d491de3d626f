"""The flags of `evaluate` and `compare`: what is measured, and how."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import tyro

if TYPE_CHECKING:  # not at run time: help does not wait for torch
    from genzoo.evaluation import Protocol


@dataclass(frozen=True)
class Ruler:
    """What is measured, and how."""

    measure: Annotated[
        tuple[str, ...],
        tyro.conf.arg(
            help="What: likelihood, quality, coverage, translation, completion, representation, cost; "
            "without it all that there is, but completions only of runs that do not sample."
        ),
    ] = ()
    split: Annotated[str, tyro.conf.arg(help="Which items: train, val, test or all.")] = "test"
    limit: Annotated[
        int | None,
        tyro.conf.arg(help="Only the first so many items, for likelihoods, probes and completions."),
    ] = None
    draws: Annotated[int, tyro.conf.arg(help="Draws of the ELBO, an item.")] = 16
    iwae: Annotated[
        int, tyro.conf.arg(help="Draws of the importance-weighted bound, an item; 0 leaves it out.")
    ] = 50
    naive: Annotated[
        int, tyro.conf.arg(help="Draws of naive Monte Carlo over the prior, an item; 0 leaves it out.")
    ] = 0
    ais: Annotated[
        int, tyro.conf.arg(help="Temperatures of annealed importance sampling; 0 leaves it out.")
    ] = 0
    samples: Annotated[int, tyro.conf.arg(help="Images drawn, to be compared with the split.")] = 5000
    features: Annotated[
        str | None,
        tyro.conf.arg(
            help="The net whose features are compared: random-conv, classifier, a file of `genzoo features`, "
            "inception:FILE or dinov2:FILE; without it the data's classifier, or random-conv without labels."
        ),
    ] = None
    perceptual: Annotated[
        str | None,
        tyro.conf.arg(
            help="A .safetensors file of AlexNet or VGG-16: translations' perceptual distance (LPIPS) to "
            "their true partners is measured too."
        ),
    ] = None
    labels: Annotated[
        tuple[int, ...], tyro.conf.arg(help="How many labels the probes are taught with; 0 is all.")
    ] = (100,)
    seed: Annotated[int, tyro.conf.arg(help="The result is a pure function of it.")] = 0
    batch: Annotated[int, tyro.conf.arg(help="How many at a time; no number depends on it.")] = 64
    device: Annotated[str, tyro.conf.arg(help="Where to compute: auto, cpu, cuda or mps.")] = "auto"
    again: Annotated[bool, tyro.conf.arg(help="Measure anew what the run's results/ already hold.")] = False

    def protocol(self) -> "Protocol":
        """How things are measured."""
        from genzoo.evaluation import Protocol

        names = ("split", "limit", "draws", "iwae", "naive", "ais", "samples", "labels", "seed", "perceptual")
        return Protocol(**{name: getattr(self, name) for name in names})

    def groups(self) -> Collection[str] | None:
        """What is measured, None for all that there is."""
        return self.measure or None


Flags = Annotated[Ruler, tyro.conf.OmitArgPrefixes]

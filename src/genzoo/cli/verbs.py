"""Every verb of the command line, and what a run must be able to do for it: data, so that help is instant."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genzoo.data.view import View


@dataclass(frozen=True)
class Verb:
    """A verb of the command line.

    Args:
        module: where its `command` function is, or its `main`.
        says: one line for `genzoo --help`.
        needs: sets of capabilities; a run that has all of one of them can do it. None: it takes no run.
        made_by: what makes a run that can, where a model can only if it was trained so.
        own: the module has a `main(words)` that parses them itself and returns the exit code.
    """

    module: str
    says: str
    needs: tuple[frozenset[str], ...] | None = None
    own: bool = False
    made_by: str = ""

    def possible(self, capabilities: Collection[str]) -> bool:
        """Whether a model with these capabilities can do it."""
        return self.needs is None or any(needed <= set(capabilities) for needed in self.needs)

    def needed(self) -> str:
        """What it takes, in words.

        >>> VERBS["reconstruct"].needed()
        'decode and encode'
        """
        return ", or ".join(" and ".join(sorted(some)) for some in self.needs or ())


def _any_of(*sets: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(words.split()) for words in sets)


VERBS: dict[str, Verb] = {
    "demo": Verb("genzoo.cli.demo", "train one model of each family and write one report"),
    "models": Verb("genzoo.cli.models", "the tree of models and what each can do"),
    "data": Verb("genzoo.cli.data", "look at a data set: counts, classes, what was skipped"),
    "train": Verb("genzoo.cli.train", "train a recipe or a model on images", own=True),
    "info": Verb("genzoo.cli.info", "what a run is, how far it got, what it can do", _any_of("")),
    "sample": Verb("genzoo.cli.sample", "draw new images", _any_of("sample")),
    "reconstruct": Verb(
        "genzoo.cli.reconstruct", "rebuild images from their codes", _any_of("encode decode")
    ),
    "encode": Verb(
        "genzoo.cli.encode", "write the code or the features of every image", _any_of("encode", "features")
    ),
    "interpolate": Verb(
        "genzoo.cli.interpolate", "walk through the latents", _any_of("encode decode", "sample decode")
    ),
    "traverse": Verb(
        "genzoo.cli.traverse", "show what each latent does", _any_of("encode decode", "sample decode")
    ),
    "invert": Verb("genzoo.cli.invert", "find the latents of given images", _any_of("sample decode")),
    "edit": Verb(
        "genzoo.cli.edit",
        "give images an attribute of other images",
        _any_of("encode decode", "sample decode"),
    ),
    "arithmetic": Verb(
        "genzoo.cli.arithmetic",
        "add what two sets of samples differ in to a third",
        _any_of("sample decode"),
    ),
    "scatter": Verb(
        "genzoo.cli.scatter", "scatter codes in the plane, by class, run beside run", _any_of("encode")
    ),
    "complete": Verb(
        "genzoo.cli.complete",
        "draw the hidden part of images, or search for it",
        _any_of("complete", "sample decode"),
    ),
    "colourise": Verb(
        "genzoo.cli.colourise",
        "draw the colours of grey images",
        _any_of("colourise"),
        made_by="genzoo train gated-pixelcnn --degrade grey",
    ),
    "superres": Verb(
        "genzoo.cli.superres",
        "draw large images from small ones",
        _any_of("superres"),
        made_by="genzoo train gated-pixelcnn --degrade half",
    ),
    "translate": Verb(
        "genzoo.cli.translate", "make images of one kind into images of another", _any_of("translate")
    ),
    "forecast": Verb(
        "genzoo.cli.forecast",
        "simulate what follows a given past, k times",
        _any_of("complete sample", "forecast"),
    ),
    "compress": Verb(
        "genzoo.cli.compress",
        "store images in one file, without loss or with, as the model can",
        _any_of("replay", "latent", "round"),
    ),
    "decompress": Verb(
        "genzoo.cli.decompress", "get compressed images back", _any_of("replay", "latent", "round")
    ),
    "score": Verb(
        "genzoo.cli.score",
        "rank images by how likely they are; find the odd ones",
        _any_of("log_prob", "elbo", "encode decode"),
    ),
    "cluster": Verb(
        "genzoo.cli.cluster",
        "group items by their codes; how well the groups are the classes",
        _any_of("encode", "features"),
    ),
    "classify": Verb(
        "genzoo.cli.classify",
        "train a classifier on a run's features and N labels",
        _any_of("encode", "features"),
    ),
    "predict": Verb(
        "genzoo.cli.predict",
        "the class of every image, by a classifier",
        _any_of("classify"),
        made_by="genzoo classify",
    ),
    "augment": Verb(
        "genzoo.cli.augment", "write a labelled synthetic set, and measure what it adds", _any_of("sample")
    ),
    "features": Verb("genzoo.cli.features", "train and export the features that samples are measured in"),
    "evaluate": Verb(
        "genzoo.cli.evaluate", "measure a run: likelihood, sample quality, features, cost", _any_of("")
    ),
    "compare": Verb("genzoo.cli.compare", "measure several runs on one ruler, as a table and a page"),
}

DRAWN = ("colourise", "superres", "translate")  # verbs of a net that is given pictures


def use_of(view: "View") -> str:
    """The verb that a net given pictures was trained for, by what was left of its images."""
    return {"grey": "colourise", "half": "superres", "quarter": "superres"}.get(
        view.degrade or "", "translate"
    )

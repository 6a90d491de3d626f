"""`genzoo classify`: a classifier on what a run has learned, taught by few labels."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from genzoo.cli.options import Data, Device, Out, Overwrite, Run, Seed
from genzoo.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from genzoo.cli.opened import Opened
    from genzoo.data.dataset import Dataset
    from genzoo.models.classifier import Classifier

Count = Annotated[
    str,
    tyro.conf.arg(help="How many labelled items it is taught with, in equal parts of the classes; or all."),
]
Mode = Annotated[
    Literal["probe", "finetune", "scratch"],
    tyro.conf.arg(
        help="probe: logistic regression, the encoder stays. finetune: encoder and classifier together. "
        "scratch: the same net with fresh weights."
    ),
]
Layer = Annotated[
    Literal["code", "hidden"],
    tyro.conf.arg(
        help="What it sits on: the code, or all hidden layers of the encoder. A critic has hidden."
    ),
]


def command(
    run: Run,
    /,
    *,
    out: Out,
    data: Data = None,
    labels: Count = "all",
    mode: Mode = "probe",
    layer: Layer = "hidden",
    seed: Seed = 0,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Train a classifier and save it as a run that `genzoo predict` uses.

    It learns from N labelled items of the training split, the same ones for every run of a data set and seed,
    and its accuracy on the test split is printed beside that of the same logistic regression on raw pixels.
    """
    from genzoo.cli.console import out as console
    from genzoo.cli.console import wrote
    from genzoo.cli.opened import data_for, open_for
    from genzoo.cli.output import form_of
    from genzoo.data.few import labelled
    from genzoo.evaluation.representation import has_hidden
    from genzoo.models import save_model
    from genzoo.models.base import Encodes

    form_of(out, {"folder"}, overwrite=overwrite)
    opened = open_for("classify", run, device)
    told = opened.model.requires if isinstance(opened.model, Encodes) else opened.model.requires - {"labels"}
    if told:
        refuse_conditional(opened)
    dataset = data_for(opened, data)
    positions = labelled(dataset, wanted(labels), seed)
    layer = "hidden" if layer == "hidden" and has_hidden(opened.model) else "code"
    found, said = trained(opened, dataset, positions, mode, layer, seed)
    save_model(found, out, about=about(opened, data, dataset, said))
    for line in lines(said, dataset):
        console().print(line, soft_wrap=True, markup=False)
    wrote(out, f"a classifier of {len(found.head.bias)} classes")


def trained(
    opened: "Opened", dataset: "Dataset", positions: "NDArray", mode: Any, layer: Any, seed: int
) -> "tuple[Classifier, dict[str, Any]]":
    """The classifier, and what its folder says of it: on what, how, how good, and what it beats."""
    from genzoo.cli.console import progress
    from genzoo.evaluation.finetune import RULE, accuracy_of, train_classifier
    from genzoo.models.base import Encodes

    options: Any = {"view": opened.view, "seed": seed}
    total = RULE.settings(len(positions), seed).images if mode != "probe" else None
    with progress("training", total) as tick:
        found = train_classifier(
            opened.model, dataset, positions, mode=mode, layer=layer, tick=tick, **options
        )
        pixels = train_classifier(None, dataset, positions, **options).to(opened.model.like.device)
        test = dataset.split("test")
        share, beside = (accuracy_of(one, dataset, test, **options) for one in (found, pixels))
    return found, {
        "labels": len(positions),
        "mode": mode,
        "layer": layer if isinstance(opened.model, Encodes) else "hidden",
        "seed": seed,
        "accuracy": share,
        "pixels": beside,
        "test": {
            "items": len(test),
            "stderr": error(share, len(test)),
            "pixels_stderr": error(beside, len(test)),
        },
    }


def refuse_conditional(opened: "Opened") -> None:
    """BadInput for an encoder that is told what it should tell."""
    name, fields = type(opened.model).__name__, ", ".join(sorted(opened.model.requires))
    raise BadInput(
        f"{opened.path}: this {name} encodes an image together with its {fields}: features that are told the "
        "class cannot be used to tell it; give a run that was trained without labels"
    )


def wanted(labels: str) -> int | None:
    """How many labels a word asks for; None for all."""
    if labels == "all":
        return None
    if not labels.isdecimal() or int(labels) < 1:
        raise BadInput(f"--labels {labels}: expected a whole number of labelled items, or all")
    return int(labels)


def error(share: float, n: int) -> float:
    """The standard error of a share of n items, √(p(1 − p)/n)."""
    return math.sqrt(share * (1 - share) / n)


def lines(said: Mapping[str, Any], dataset: "Dataset") -> list[str]:
    """The accuracy and what it stands beside, in words."""
    test = said["test"]
    return [
        f"accuracy {said['accuracy']:.4f} ± {test['stderr']:.4f} on {test['items']:,} test items of "
        f"{dataset.name}: {said['mode']} on the {said['layer']} features, {said['labels']:,} labels",
        f"  beside {said['pixels']:.4f} ± {test['pixels_stderr']:.4f}: logistic regression on raw pixels, "
        "same labels",
    ]


def about(opened: "Opened", data: str | None, dataset: "Dataset", said: Mapping[str, Any]) -> dict[str, Any]:
    """What spec.json says beside the model."""
    from genzoo import __version__

    names = list(dataset.classes)
    return {
        "genzoo": __version__,
        "name": "classifier",
        "view": opened.view.to_json(),
        "data": data or opened.data,
        "classes": names,
        "classifier": {"from": str(opened.path), **said},
    }

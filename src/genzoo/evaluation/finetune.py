"""Few labels: a classifier on a frozen encoder, the two fine-tuned together, the same net from scratch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from genzoo.data.batches import Batches, in_order
from genzoo.data.dataset import Dataset
from genzoo.data.few import classes_of
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation.logistic import fit_probe
from genzoo.evaluation.probes import setting
from genzoo.evaluation.representation import Tick, take, untrained
from genzoo.evaluation.result import Result
from genzoo.models import Model
from genzoo.models.base import Classifies, evaluating
from genzoo.models.classifier import Classifier, Layer
from genzoo.objectives import OnePlayer
from genzoo.training.loop import fit
from genzoo.training.run import Run, start
from genzoo.training.settings import OptimizerSettings, Settings
from genzoo.types import Batch, Loss

Mode = Literal["probe", "finetune", "scratch"]


@dataclass(frozen=True)
class Rule:
    """How a classifier is trained on N labels: the same for every model, pretrained or not, and for any N.

    Args:
        batch: items of an update, or N if there are fewer.
        updates: at least so many.
        passes: over the labelled items, where that is more updates.
        lr: of AdamW, risen to over 5% of the updates and then let fall to 0 along a cosine.
        weight_decay: of AdamW.
    """

    batch: int = 64
    updates: int = 500
    passes: int = 10
    lr: float = 1e-3
    weight_decay: float = 0.01

    def settings(self, n: int, seed: int) -> Settings:
        """The budget and schedule for `n` labelled items."""
        batch = min(self.batch, n)
        updates = max(self.updates, -(-self.passes * n // batch))
        images = updates * batch
        return Settings(
            images=images, batch=batch, seed=seed, schedule="cosine", horizon=images, warmup=updates // 20
        )

    def said(self) -> str:
        """In words, for the protocol."""
        return (
            f"AdamW, lr {self.lr:g}, weight decay {self.weight_decay:g}, batch {self.batch}, cosine, "
            f"{self.updates} updates or {self.passes} passes"
        )


RULE = Rule()


class CrossEntropy(OnePlayer[Model]):
    """E[−log p(y|x)], nats, of the label y that comes with each item."""

    def loss(self, model: Model, batch: Batch) -> Loss:
        """The mean over the batch, and the share that is right."""
        if batch.given is None or batch.given.labels is None:
            raise ValueError("cross-entropy takes batches with labels")
        if not isinstance(model, Classifies):
            raise ValueError(f"{type(model).__name__} has no class_logits to train")
        labels = batch.given.labels
        logits = model.class_logits(batch.images)
        right = (logits.argmax(1) == labels).to(logits.dtype).mean()
        return Loss(F.cross_entropy(logits, labels), {"accuracy": right})


def train_classifier(
    model: Model | None,
    dataset: Dataset,
    positions: NDArray[np.int64],
    *,
    mode: Mode = "probe",
    layer: Layer = "code",
    view: View | None = None,
    seed: int = 0,
    rule: Rule = RULE,
    tick: Tick | None = None,
) -> Classifier:
    """A classifier taught by the labelled items at `positions`, in evaluation mode.

    "probe": logistic regression on the features of the model, which stays as it is. "finetune": from there,
    encoder and classifier are trained together. "scratch": the same, but the encoder's weights are fresh.

    Reference: Hinton & Salakhutdinov, 2006, Science 313 (pretraining, then fine-tuning); Kumar et al., 2022,
    arXiv:2202.10054 (from the probe's solution).

    Args:
        model: whose features are taken; None for the pixels themselves ("probe" only).
        layer: its "code", or "hidden": all hidden layers of the encoder.
        view: how the items are presented.
        seed: of fresh weights, order and binarization.
        rule: of the training.
        tick: told how many more items were trained on.
    """
    view, classes = view or View(), classes_of(dataset)
    if model is None and mode != "probe":
        raise BadInput(f"--mode {mode}: pixels have no encoder to train; give a run")
    encoder = untrained(model, seed) if model is not None and mode == "scratch" else model
    classifier = Classifier(dataset.shape, classes=classes, encoder=encoder, layer=layer)
    if model is not None:
        classifier.to(model.like.device, model.like.dtype)
    _begin(classifier, dataset, positions, view, seed)
    if mode != "probe":
        _train(classifier, dataset, positions, view, seed, rule, tick)
    return classifier.eval()


def _train(
    classifier: Classifier,
    dataset: Dataset,
    positions: NDArray[np.int64],
    view: View,
    seed: int,
    rule: Rule,
    tick: Tick | None,
) -> None:
    """Encoder and classifier together, by the one training loop."""
    part = replace(dataset, splits={**dataset.splits, "labelled": positions})
    settings = rule.settings(len(positions), seed)
    batches = Batches(part, "labelled", view=view, size=settings.batch, seed=seed, requires={"labels"})
    optimizer = OptimizerSettings("adamw", rule.lr, weight_decay=rule.weight_decay)
    run = start(classifier, CrossEntropy(), batches, settings, optimizer)
    fit(run, hooks=[_ticking(tick)] if tick else [])


def _ticking(tick: Tick) -> Callable[[Run, object], None]:
    return lambda run, losses: tick(run.batches.size)


def _begin(
    classifier: Classifier, dataset: Dataset, positions: NDArray[np.int64], view: View, seed: int
) -> None:
    """Standardises the features as they are now, and puts logistic regression on them."""
    with evaluating(classifier):
        features = take(
            lambda x: classifier.represented(classifier.placed(x)), dataset, positions, view=view, seed=seed
        )
        labels = torch.from_numpy(np.asarray(dataset.labels)[features.positions])
        probe = fit_probe(features.values, labels, classes_of(dataset))
        classifier.mean.copy_(probe.mean)
        classifier.scale.fill_(probe.scale)
        classifier.head.weight.copy_(probe.weight)
        classifier.head.bias.copy_(probe.bias)


def predict(
    classifier: Model,
    dataset: Dataset,
    positions: NDArray[np.int64],
    *,
    view: View | None = None,
    seed: int = 0,
    batch: int = 256,
    tick: Tick | None = None,
) -> Float[Tensor, "n k"]:
    """The probability of each class of the items at `positions`, float64, shape (n, k)."""
    if not isinstance(classifier, Classifies):
        raise BadInput(f"{type(classifier).__name__} is no classifier")
    parts = []
    with evaluating(classifier):
        for items in in_order(dataset, positions, view=view, size=batch, seed=seed):
            logits = classifier.class_logits(classifier.placed(items.images))
            parts.append(logits.double().softmax(1).cpu())
            if tick:
                tick(len(items))
    return torch.cat(parts)


def accuracy_of(
    classifier: Model,
    dataset: Dataset,
    positions: NDArray[np.int64],
    *,
    view: View | None = None,
    seed: int = 0,
) -> float:
    """The share of the items at `positions` whose most probable class is theirs."""
    truth = torch.from_numpy(np.asarray(dataset.labels)[positions])
    found = predict(classifier, dataset, positions, view=view, seed=seed).argmax(1)
    return float((found == truth).double().mean())


def finetune(
    model: Model,
    dataset: Dataset,
    *,
    view: View | None = None,
    labels: Sequence[int | None] | None = None,
    seeds: int = 5,
    split: str = "test",
    limit: int | None = None,
    layer: Layer = "code",
    seed: int = 0,
    rule: Rule = RULE,
    tick: Tick | None = None,
) -> list[Result]:
    """Accuracy on unseen items of an encoder fine-tuned with N labels, and of the same net from scratch.

    `finetune_accuracy[100]` and `scratch_accuracy[100]` differ in nothing but the weights that they begin
    from: labelled items, order, updates, schedule and head are the same. The labelled items are those of
    `probe`.

    Args:
        labels, seeds, split, limit, seed: as of `probe`.
        layer: what the classifier sits on: the "code", or all "hidden" layers of the encoder.
        rule: of the training.
        tick: told how many more items were trained on.
    """
    on = setting(dataset, view=view, labels=labels, seeds=seeds, split=split, limit=limit, seed=seed)
    modes: tuple[Mode, ...] = ("finetune", "scratch")
    what, how = "" if layer == "code" else layer, rule.said()
    results = []
    for n in on.sizes:
        for mode in modes:
            shares = []
            for number, positions in enumerate(on.subsets(n)):
                options: Any = {"mode": mode, "layer": layer, "view": on.view, "seed": number}
                trained = train_classifier(model, dataset, positions, rule=rule, tick=tick, **options)
                shares.append(accuracy_of(trained, dataset, on.test, view=on.view, seed=seed))
            results.append(on.result(f"{mode}_accuracy", n, what, shares, how))
    return results

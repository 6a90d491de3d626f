"""Nets whose features two sets of images are compared in, each named with a hash of its weights."""

from genzoo.evaluation.features.choose import extractor_for
from genzoo.evaluation.features.extractor import Extractor
from genzoo.evaluation.features.labelled import classes_to_learn, classifier, training_budget
from genzoo.evaluation.features.random_conv import random_conv
from genzoo.evaluation.features.store import Described, load_extractor, save_extractor

__all__ = [
    "Described",
    "Extractor",
    "classes_to_learn",
    "classifier",
    "extractor_for",
    "load_extractor",
    "random_conv",
    "save_extractor",
    "training_budget",
]

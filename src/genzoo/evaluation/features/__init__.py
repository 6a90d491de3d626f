"""Nets whose features two sets of images are compared in, each named with a hash of its weights."""

from genzoo.evaluation.features.extractor import Extractor

__all__ = ["Extractor"]

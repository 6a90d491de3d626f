"""Lossless compression with a model's own probabilities: a file of images, names and labels."""

from genzoo.apply.codec.container import Container, Header, read
from genzoo.apply.codec.fingerprint import fingerprint
from genzoo.apply.codec.listing import Listing
from genzoo.apply.codec.lossless import (
    LANES,
    Compressed,
    Pictures,
    Restored,
    coded,
    compress,
    decompress,
    restored,
)

__all__ = [
    "LANES",
    "Compressed",
    "Container",
    "Header",
    "Listing",
    "Pictures",
    "Restored",
    "coded",
    "compress",
    "decompress",
    "fingerprint",
    "read",
    "restored",
]

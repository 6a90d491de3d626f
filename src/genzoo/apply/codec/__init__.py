"""Compression by a model: a file of images, names and labels, without loss or with."""

from genzoo.apply.codec.codecs import codec_of, compress, decompress, restored
from genzoo.apply.codec.container import Container, Header, read
from genzoo.apply.codec.contract import LANES, Codec, Compressed, Pictures, Restored
from genzoo.apply.codec.fingerprint import fingerprint
from genzoo.apply.codec.listing import Listing
from genzoo.apply.codec.photographs import Photographs, photographs

__all__ = [
    "LANES",
    "Codec",
    "Compressed",
    "Container",
    "Header",
    "Listing",
    "Photographs",
    "Pictures",
    "Restored",
    "codec_of",
    "compress",
    "decompress",
    "fingerprint",
    "photographs",
    "read",
    "restored",
]

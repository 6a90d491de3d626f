"""Which model this is: a hash of its configuration and of every weight."""

import hashlib
import json

import torch

from genzoo.models import Model

BYTES = 8


def fingerprint(model: Model) -> bytes:
    """`BYTES` bytes that another configuration, or any other bit of a weight, would change."""
    digest = hashlib.blake2b(json.dumps(model.spec, sort_keys=True).encode(), digest_size=BYTES)
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"\0{name} {tensor.dtype} {tuple(tensor.shape)}\0".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.digest()

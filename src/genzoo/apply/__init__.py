"""What a trained model is used for: functions over capabilities, none of them knows a model by name."""

from genzoo.apply.complete import complete, completions_picture, mask, mask_from_file, mask_named, occluded
from genzoo.apply.conditions import given_labels
from genzoo.apply.encode import decode, encode
from genzoo.apply.interpolate import interpolate, linear, spherical
from genzoo.apply.latents import DrawsLatents, draw_latents, has_prior
from genzoo.apply.manifold import manifold, plane, spread, traverse
from genzoo.apply.pictures import picture_scale, rows_picture
from genzoo.apply.placement import Tick
from genzoo.apply.reconstruct import Reconstruction, pairs_picture, reconstruct
from genzoo.apply.sample import sample

__all__ = [
    "DrawsLatents",
    "Reconstruction",
    "Tick",
    "complete",
    "completions_picture",
    "decode",
    "draw_latents",
    "encode",
    "given_labels",
    "has_prior",
    "interpolate",
    "linear",
    "manifold",
    "mask",
    "mask_from_file",
    "mask_named",
    "occluded",
    "pairs_picture",
    "picture_scale",
    "plane",
    "reconstruct",
    "rows_picture",
    "sample",
    "spherical",
    "spread",
    "traverse",
]

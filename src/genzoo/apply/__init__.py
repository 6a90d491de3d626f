"""What a trained model is used for: functions over capabilities, none of them knows a model by name."""

from genzoo.apply.complete import complete, completions_picture, mask, mask_from_file, mask_named, occluded
from genzoo.apply.conditions import given_labels
from genzoo.apply.encode import decode, encode
from genzoo.apply.film import film, save_film
from genzoo.apply.forecast import check_past, forecast, futures_strip
from genzoo.apply.forecast_quality import (
    AtHorizon,
    forecast_quality,
    naive_nats_of_future,
    nats_of_future,
)
from genzoo.apply.interpolate import interpolate, linear, spherical
from genzoo.apply.latents import DrawsLatents, draw_latents, has_prior
from genzoo.apply.manifold import manifold, plane, spread, traverse
from genzoo.apply.naive import RandomWalk
from genzoo.apply.pictures import picture_scale, rows_picture
from genzoo.apply.placement import Tick
from genzoo.apply.reconstruct import Reconstruction, pairs_picture, reconstruct
from genzoo.apply.restore import restorations_picture, restore
from genzoo.apply.sample import sample

__all__ = [
    "AtHorizon",
    "DrawsLatents",
    "RandomWalk",
    "Reconstruction",
    "Tick",
    "check_past",
    "complete",
    "completions_picture",
    "decode",
    "draw_latents",
    "encode",
    "film",
    "forecast",
    "forecast_quality",
    "futures_strip",
    "given_labels",
    "has_prior",
    "interpolate",
    "linear",
    "manifold",
    "mask",
    "mask_from_file",
    "mask_named",
    "naive_nats_of_future",
    "nats_of_future",
    "occluded",
    "pairs_picture",
    "picture_scale",
    "plane",
    "reconstruct",
    "restorations_picture",
    "restore",
    "rows_picture",
    "sample",
    "save_film",
    "spherical",
    "spread",
    "traverse",
]

"""Two-dimensional codes side by side: where each class went, and what the decoder makes of the plane."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from markupsafe import Markup
from torch import Tensor

from genzoo.apply import encode, has_prior, plane, spread
from genzoo.models.base import Decodes, Encodes
from genzoo.report.markup import rows
from genzoo.report.members import Member
from genzoo.report.panels import code_size
from genzoo.report.plots import scatter, svg
from genzoo.types import Latents

SIDE = 16  # images in a row of the plane


@dataclass(frozen=True)
class Plane:
    """A model's latent plane.

    Args:
        member: whose.
        codes: the scatter of codes by class.
        images: what is decoded at each point; None without a decoder.
        shown: how many codes.
        prior: whether the model has a distribution of codes.
    """

    member: Member
    codes: Markup
    images: Markup | None
    shown: int
    prior: bool


def planes(members: list[Member]) -> list[Plane]:
    """The planes of those whose codes are two numbers."""
    return [plane_of(m) for m in members if isinstance(m.model, Encodes) and code_size(m) == 2]


def plane_of(member: Member) -> Plane:
    """Encodes items that the model did not train on, and decodes a square of its plane."""
    batch, model, title = member.scattered(), member.model, member.entry.title
    codes: Latents = encode(model, batch.images, batch.given)
    prior = has_prior(model)
    labels = member.dataset.labels
    of_items = None if labels is None or batch.index is None else labels[batch.index.numpy()]
    figure = scatter(codes.flatten(1).cpu().numpy(), of_items, member.dataset.classes, prior=prior)
    alt = f"Codes of {len(batch)} images in the plane of {title}, coloured by class"
    images = None
    if isinstance(model, Decodes) and member.pictured and not model.requires:
        across, up = axes_of(codes, prior)
        square = plane(model, across, up).clamp(0, 1)
        alt_plane = f"{SIDE} by {SIDE} images decoded from the plane of {title}"
        images = rows(square, alt_plane, gap=0, scale=1)
    return Plane(member, svg(figure, f"{member.anchor}-codes", alt), images, len(batch), prior)


def axes_of(codes: Latents, prior: bool) -> tuple[Float[Tensor, " side"], Float[Tensor, " side"]]:
    """Where to decode: quantiles of N(0, 1), so that each image stands for equal mass; else the codes' range.

    Reference: Kingma & Welling (2014), arXiv:1312.6114, appendix A.
    """
    if prior:
        shares = (torch.arange(SIDE, dtype=torch.float64) + 0.5) / SIDE
        quantiles = torch.special.ndtri(shares).to(codes)
        return quantiles, quantiles
    across, up = (torch.linspace(float(d[0]), float(d[-1]), SIDE).to(codes) for d in spread(codes, SIDE))
    return across, up

"""What each latent dimension says of an item, as a chart."""

from markupsafe import Markup

from genzoo.models.base import Encodes, Latent, evaluating
from genzoo.models.variational.watch import LatentUse, latent_use
from genzoo.random import seeded
from genzoo.report.members import Member
from genzoo.report.plots import ACCENT, MUTED, chart, svg

ITEMS = 256
MOST = 200  # bars


def use_of(member: Member) -> LatentUse | None:
    """Measured on held-out items; None for a model without latent variables."""
    model = member.model
    if not (isinstance(model, Latent) and isinstance(model, Encodes)):
        return None
    batch = member.held_out(ITEMS)
    with evaluating(model), seeded(member.seed, "report"):
        return latent_use(model, batch.images, batch.given)


def bars(member: Member, use: LatentUse) -> Markup:
    """KL of each latent dimension, or group of them, from the most telling to the idle ones."""
    nats = use.divergence.sort(descending=True).values[:MOST].tolist()
    with chart(8, 2.2) as (figure, (axes,)):
        axes.bar(range(1, len(nats) + 1), nats, color=ACCENT, width=0.9)
        axes.set_xlabel("latent dimensions, the most telling first", color=MUTED)
        axes.set_ylabel("nats an item", color=MUTED)
        axes.grid(axis="x", visible=False)
    return svg(
        figure, f"{member.anchor}-latents", f"Divergence of each latent dimension of {member.entry.title}"
    )

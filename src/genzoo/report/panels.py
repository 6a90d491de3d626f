"""What a run can show, decided by its capabilities: pictures with captions that say how to read them."""

import math
from dataclasses import dataclass

import torch
from markupsafe import Markup

from genzoo.apply import (
    complete,
    draw_latents,
    encode,
    has_prior,
    interpolate,
    mask_named,
    occluded,
    reconstruct,
)
from genzoo.apply import sample as draw_samples
from genzoo.models.base import Completes, Decodes, Encodes, Latent, Samples, evaluating
from genzoo.random import seeded
from genzoo.report.curves import curves, judged
from genzoo.report.latent_use import bars, use_of
from genzoo.report.markup import file_tag, rows, tiles
from genzoo.report.members import Member

STRIP = 5  # milestones shown


@dataclass(frozen=True)
class Row:
    """A picture with a word before it.

    Args:
        label: the word.
        picture: an <img>.
    """

    label: str
    picture: Markup


@dataclass(frozen=True)
class Panel:
    """One figure of a section.

    Args:
        title: of the figure.
        caption: one or two sentences that teach how to read it.
        pictures: what is shown, side by side.
        rows: or one below the other, each with its word.
        across: the rows are columns.
        wide: it takes the page's full width.
    """

    title: str
    caption: str
    pictures: tuple[Markup, ...] = ()
    rows: tuple[Row, ...] = ()
    across: bool = False
    wide: bool = False


def panels(member: Member) -> list[Panel]:
    """Everything that a run can show, in the order of the page."""
    found = [learning(member)]
    if member.pictured:
        makers = (samples, reconstructions, completions, interpolations, milestones)
        found = [make(member) for make in makers] + found
    found.append(latents_used(member))
    return [panel for panel in found if panel is not None]


def draws(member: Member, n: int) -> torch.Tensor | None:
    """`n` samples, None from a model that cannot draw any or needs conditions other than labels."""
    if not isinstance(member.model, Samples) or member.model.requires - {"labels"}:
        return None
    return draw_samples(member.model, n, given=member.given(n), seed=member.seed)


def samples(member: Member) -> Panel | None:
    """New images; of a latent variable model also the mean of p(x|z) for each."""
    model, title = member.model, member.entry.title
    if isinstance(model, Latent) and not model.requires:
        latents = draw_latents(model, 54, seed=member.seed)
        with evaluating(model), seeded(member.seed, "report"):
            likelihood = model.likelihood(latents)
            pair = (likelihood.sample(), likelihood.mean.clamp(0, 1))
        return Panel(
            "Samples, and what they are drawn around",
            "Left: draws. A code z comes from the prior, then every pixel is drawn on its own from p(x|z), "
            "hence the grain. Right: the mean of p(x|z) for the same codes, which most papers show instead.",
            (tiles(pair[0], 9, f"54 samples of {title}"), tiles(pair[1], 9, f"Means of p(x|z) of {title}")),
            wide=True,
        )
    images = draws(member, 72)
    if images is None:
        return None
    return Panel(
        "Samples",
        "New images in the order they were drawn, none chosen by hand. Look for variety as well as for "
        "likeness: ten good sevens and no four would be a poor model of digits.",
        (tiles(images, 18, f"72 samples of {title}"),),
        wide=True,
    )


def reconstructions(member: Member) -> Panel | None:
    """Held-out items over what is rebuilt from their codes."""
    if not (isinstance(member.model, Encodes) and isinstance(member.model, Decodes)):
        return None
    batch = member.held_out(32)
    pair = reconstruct(member.model, batch.images, batch.given)
    size, noisy = code_size(member), member.view.binarize in ("static", "dynamic")
    grain = (
        " The pixels were drawn black or white at random, and no code can hold that noise." if noisy else ""
    )
    half = len(batch) // 2
    lines = [
        Row(label, tiles(images[part], half, f"{label} images, {member.entry.title}"))
        for part in (slice(0, half), slice(half, 2 * half))
        for label, images in (("original", pair.originals), ("rebuilt", pair.reconstructions.clamp(0, 1)))
    ]
    return Panel(
        "Reconstructions",
        f"Images that the model never trained on, and what its decoder makes of their codes: {size} numbers "
        f"stand for {math.prod(member.model.shape)}. What does not fit through comes back blurred, or as "
        f"another image that the code cannot tell apart.{grain}",
        rows=tuple(lines),
        wide=True,
    )


def completions(member: Member) -> Panel | None:
    """Half-hidden images: occluded, three completions or the only one, original."""
    if not isinstance(member.model, Completes):
        return None
    batch, k = member.held_out(16), 1 if member.model.one_completion else 3
    known = mask_named("bottom", *batch.images.shape[-2:])
    drawn = complete(member.model, batch.images, known, batch.given, k=k, seed=member.seed).cpu()
    title, made = member.entry.title, "completed" if k == 1 else "drawn"
    shown = [("hidden", occluded(batch.images, known)), *((made, drawn[:, i]) for i in range(k))]
    lines = [
        Row(label, tiles(x, len(batch), f"{label} images, {title}"))
        for label, x in [*shown, ("original", batch.images)]
    ]
    return Panel("Completions", _HALF + (_FILLED if k == 1 else _DRAWN), rows=tuple(lines), wide=True)


_HALF = "The lower half is hidden, and "
_FILLED = "filled from what is around it: one completion, without chance, of what the net learned as holes."
_DRAWN = (
    "drawn three times from p(hidden pixels | seen pixels). Where the upper half settles what it is, the "
    "draws agree; where it does not, they differ, as they should."
)


def interpolations(member: Member) -> Panel | None:
    """Walks between two latents, for codes of more than two dimensions (two are shown whole)."""
    model = member.model
    if not isinstance(model, Decodes) or model.requires or code_size(member) == 2:
        return None
    if has_prior(model):
        ends, path = draw_latents(model, 8, seed=member.seed), "spherical"
        says = "Each row walks along the arc between two draws from the prior."
    elif isinstance(model, Encodes):
        ends, path = encode(model, member.held_out(8).images), "linear"
        says = "Each row walks the straight line between the codes of two held-out images."
    else:
        return None
    walk = interpolate(
        model, ends[:4], ends[4:], steps=18, path="spherical" if path == "spherical" else "linear"
    )
    return Panel(
        "A walk through the latent space",
        f"{says} If the images between the ends are as good as the ends, the model has not learned its "
        "examples by heart, but what lies between them.",
        (rows(walk.clamp(0, 1), f"Interpolations, {member.entry.title}"),),
        wide=True,
    )


def milestones(member: Member) -> Panel | None:
    """The pictures that training left: the first, a few, the last."""
    seen = {line["step"]: line["images_seen"] for line in member.log}
    files = sorted((member.path / "samples").glob("*.png"))
    if len(files) < 2:
        return None
    last = len(files) - 1
    chosen = sorted({0, *(round(last ** (i / (STRIP - 2))) for i in range(STRIP - 1))})
    found = [(files[i], seen.get(int(files[i].stem))) for i in chosen]
    lines = [
        Row(
            "" if n is None else f"{n:,} images",
            file_tag(file, f"{member.entry.title} after {n or 0:,} images"),
        )
        for file, n in found
    ]
    what = (
        "The same noise" if isinstance(member.model, Samples) else "The same images and their reconstructions"
    )
    return Panel(
        "As it learned",
        f"{what} after so many images seen, from the first step to the last.",
        rows=tuple(lines),
        across=True,
        wide=True,
    )


def learning(member: Member) -> Panel | None:
    """The learning curves."""
    figure = curves(member)
    if figure is None:
        return None
    if any(line.keys() & {"validation"} for line in member.log):
        says = (
            "What training descends, on its own batches (faint: each of them) and on images kept aside. "
            "Where the two part, the model begins to know its examples better than their kind."
        )
    else:
        says = (
            "A game has no single number that must fall: each side's loss depends on how good the other is "
            "at that moment. A critic that is always right, or never better than chance, has little to teach."
        )
    return Panel("Learning curves", says, (figure,), wide=len(judged(member.log)) > 0)


def latents_used(member: Member) -> Panel | None:
    """What each latent dimension says."""
    use = use_of(member)
    if use is None:
        return None
    return Panel(
        "What the latents say",
        "KL(q(z|x) ‖ p(z)) of each latent dimension on held-out items, "
        f"{float(use.divergence.sum()):.1f} nats in all; {use.active} of {use.units} are active (their mean "
        "varies from item to item). Idle ones cost nothing and say nothing.",
        (bars(member, use),),
    )


def code_size(member: Member) -> int:
    """How many numbers a code has; 0 for a model without codes."""
    model = member.model
    if has_prior(model) and not model.requires:
        return draw_latents(model, 1).flatten(1).shape[1]
    if isinstance(model, Encodes):
        batch = member.held_out(1)
        return encode(model, batch.images, batch.given).flatten(1).shape[1]
    return 0

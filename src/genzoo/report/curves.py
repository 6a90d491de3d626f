"""A run's log as learning curves: every player's loss, the validation, how often a critic is right."""

import re
from typing import Any

from markupsafe import Markup

from genzoo.report.members import Member
from genzoo.report.plots import ACCENT, INK, MUTED, Series, chart, draw_curve, finish_curves, svg

_SIZE = (5.4, 3.2)  # inches of one panel


def series(log: list[dict[str, Any]], key: str) -> Series:
    """The values of `key` over images seen, from the lines that have it.

    >>> series([{"images_seen": 8, "a/loss": 2.0}, {"images_seen": 8, "validation": 1.0}], "a/loss")
    [(8, 2.0)]
    """
    return [(line["images_seen"], line[key]) for line in log if key in line]


def keys_ending(log: list[dict[str, Any]], pattern: str) -> list[str]:
    """The keys of a log that match a pattern to their end, in order of appearance."""
    return [key for key in dict.fromkeys(k for line in log for k in line) if re.fullmatch(pattern, key)]


def judged(log: list[dict[str, Any]]) -> list[str]:
    """The keys that say how often a critic is right, of a game that has one."""
    return keys_ending(log, r".*/accuracy\w*")


def words(name: str) -> str:
    """A class's name as words.

    >>> words("NegativeLogLikelihood"), words("NegativeELBO")
    ('negative log likelihood', 'negative ELBO')
    """
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+", name)
    return " ".join(part if len(part) > 1 and part.isupper() else part.lower() for part in parts)


def curves(member: Member) -> Markup | None:
    """The chart of a run's learning; None for a run that has logged nothing."""
    losses, accuracies = keys_ending(member.log, ".*/loss"), judged(member.log)
    if not losses:
        return None
    validation = series(member.log, "validation")
    distance = validation if len(losses) > 1 else ()  # of samples: in units that no loss of theirs has
    panels = 1 + bool(accuracies) + bool(distance)
    with chart(_SIZE[0] * panels, _SIZE[1], panels) as (figure, axes):
        shown = []
        for key, colour in zip(losses, (ACCENT, INK, MUTED), strict=False):
            label = "training" if len(losses) == 1 else key.partition("/")[0]
            shown.append(series(member.log, key))
            draw_curve(axes[0], shown[-1], label, colour)
        if validation and not distance:
            shown.append(validation)
            draw_curve(axes[0], validation, "validation", INK, marks=True)
        finish_curves(axes[0], shown, f"{words(member.about['config']['objective']['class'])} loss")
        if accuracies:
            right = [series(member.log, key) for key in accuracies]
            for key, one, colour in zip(accuracies, right, (ACCENT, INK, MUTED), strict=False):
                on = key.rpartition("/accuracy")[2].strip("_")
                draw_curve(axes[1], one, f"on {on} images" if on else "on pairs", colour)
            finish_curves(axes[1], right, "how often the critic is right", from_zero=True)
        if distance:
            draw_curve(axes[-1], distance, "samples to held-out images", INK, marks=True)
            finish_curves(axes[-1], [distance], "Fréchet distance of samples", from_zero=True)
    return svg(figure, f"{member.anchor}-curves", f"Learning curves of {member.entry.title}")

"""The taxonomy as the page draws it, with the models at their places."""

from dataclasses import dataclass

from genzoo.models.taxonomy import TREE, Place
from genzoo.report.members import Member


@dataclass(frozen=True)
class Node:
    """A place of the tree.

    Args:
        place: what the field calls it.
        members: the models that stand here.
        lit: whether any stands here or below.
        children: the places below it.
    """

    place: Place
    members: tuple[Member, ...]
    lit: bool
    children: tuple["Node", ...]


def tree(members: list[Member], above: str = "") -> tuple[Node, ...]:
    """The nodes right below the path `above`, each with all below it."""
    below = [p for p in TREE if p.path.rpartition("/")[0] == above]
    return tuple(node(place, members) for place in below)


def node(place: Place, members: list[Member]) -> Node:
    """A place with all below it."""
    here = tuple(m for m in members if m.entry.place == place.path)
    children = tree(members, place.path)
    return Node(place, here, bool(here) or any(child.lit for child in children), children)

"""A toy world to plan in: an agent on a grid with walls and a goal, seen as small grey frames."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

MOVES = np.array([(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)])  # stay, up, down, left, right
LEVELS = 4
WALL, EMPTY, GOAL, AGENT = (i / (LEVELS - 1) for i in range(LEVELS))
Places = Int[ndarray, "n 2"]  # row, column


@dataclass(frozen=True)
class GridWorlds:
    """`n` worlds side by side, each with its own walls, goal and agent; an action moves all the agents.

    An agent that would walk into a wall or over the edge stays where it is. The agent hides the goal when it
    is there.

    >>> worlds = grid_worlds(3, side=6, seed=0)
    >>> worlds.frames().shape, worlds.step(np.array([0, 1, 4])).frames().shape
    ((3, 6, 6), (3, 6, 6))

    Args:
        walls: which cells can not be entered.
        goal: of each world.
        agent: where it is.
    """

    walls: Bool[ndarray, "n side side"]
    goal: Places
    agent: Places

    def __len__(self) -> int:
        return len(self.agent)

    def step(self, actions: Int[ndarray, " n"]) -> "GridWorlds":
        """The worlds after one action each, a row of `MOVES`."""
        there = np.clip(self.agent + MOVES[actions], 0, self.walls.shape[1] - 1)
        blocked = self.walls[np.arange(len(self)), there[:, 0], there[:, 1]]
        return GridWorlds(self.walls, self.goal, np.where(blocked[:, None], self.agent, there))

    def frames(self) -> Float[ndarray, "n side side"]:
        """What is seen: values in [0, 1], of 4 levels."""
        seen = np.where(self.walls, WALL, EMPTY)
        rows = np.arange(len(self))
        seen[rows, self.goal[:, 0], self.goal[:, 1]] = GOAL
        seen[rows, self.agent[:, 0], self.agent[:, 1]] = AGENT
        return seen

    def arrived(self) -> Bool[ndarray, " n"]:
        """Whether the agent is at the goal."""
        return (self.agent == self.goal).all(1)

    def take(self, rows: Int[ndarray, " m"]) -> "GridWorlds":
        """Some of the worlds."""
        return GridWorlds(self.walls[rows], self.goal[rows], self.agent[rows])


def grid_worlds(n: int, *, side: int = 8, walls: int = 6, seed: int = 0) -> GridWorlds:
    """`n` worlds with so many wall cells each; agent and goal are in different cells without a wall."""
    random = np.random.default_rng(seed)
    cells = random.permuted(np.tile(np.arange(side * side), (n, 1)), axis=1)[:, : walls + 2]
    blocked = np.zeros((n, side * side), bool)
    np.put_along_axis(blocked, cells[:, 2:], True, axis=1)
    goal, agent = (np.stack(np.divmod(cells[:, i], side), 1) for i in (0, 1))
    return GridWorlds(blocked.reshape(n, side, side), goal, agent)


def episodes(worlds: GridWorlds, actions: Int[ndarray, "n t"]) -> Float[ndarray, "n rows side"]:
    """The first frame and the one after each action, one below the other: t + 1 frames an image."""
    seen = [worlds.frames()]
    for t in range(actions.shape[1]):
        worlds = worlds.step(actions[:, t])
        seen.append(worlds.frames())
    return np.concatenate(seen, 1)


def painted(actions: Int[ndarray, "n t"]) -> Float[ndarray, "n actions frames 1"]:
    """Actions as pictures aligned with the frames: 1 in the map of an action, where it leads to a frame.

    The first frame has none.
    """
    n, t = actions.shape
    maps = np.zeros((n, len(MOVES), t + 1, 1))
    maps[np.arange(n)[:, None], actions, np.arange(1, t + 1), 0] = 1
    return maps

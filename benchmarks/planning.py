"""Trains a model of a toy world and plans in it by random shooting; prints how often the goal is reached.

python benchmarks/planning.py
"""

import time
from collections.abc import Callable

import numpy as np
import torch

from genzoo.apply import forecast
from genzoo.apply.planning import Simulate, imagination, nearness, shoot
from genzoo.data.toy_world import AGENT, LEVELS, MOVES, GridWorlds, episodes, grid_worlds, painted
from genzoo.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from genzoo.types import Given

SIDE, WALLS, HORIZON, STEPS, BATCH, LR = 6, 4, 3, 1500, 32, 3e-3
Policy = Callable[[GridWorlds, int], int]


def condition(actions: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(painted(actions.numpy())).float()


def batch_of_episodes(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    actions = np.random.default_rng(seed).integers(len(MOVES), size=(n, HORIZON))
    frames = episodes(grid_worlds(n, side=SIDE, walls=WALLS, seed=seed), actions)
    return torch.from_numpy(frames).float()[:, None], torch.from_numpy(actions)


def train(steps: int = STEPS) -> GatedPixelCNN:
    torch.manual_seed(0)
    model = GatedPixelCNN(
        (1, (HORIZON + 1) * SIDE, SIDE), levels=LEVELS, width=32, layers=3, kernel=15, head=32,
        picture=(len(MOVES), HORIZON + 1, 1),
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = LR * min(1, (step + 1) / 50) * (1 - step / steps)
        frames, actions = batch_of_episodes(BATCH, 1000 + step)
        loss = -model.log_prob(frames, Given(images=condition(actions))).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return model.eval()


def share_of_frames_right(model: GatedPixelCNN, n: int = 200) -> list[float]:
    """Of the frames that are imagined after one, two and three actions: every pixel is as it came."""
    frames, actions = batch_of_episodes(n, 7)
    drawn = forecast(model, frames, SIDE, Given(images=condition(actions)), k=1, batch=n)[:, 0]
    right = (drawn == frames).unflatten(2, (HORIZON + 1, SIDE)).all(4).all(3)[:, 0]
    return right[:, 1:].float().mean(0).tolist()


def truth(world: GridWorlds) -> Simulate:
    """Imagination that is never wrong."""

    def simulate(seen: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        copies = world.take(np.zeros(len(actions), int))
        frames = torch.from_numpy(episodes(copies, actions.numpy())).float()
        return frames.unflatten(1, (-1, SIDE))[:, 1:]

    return simulate


def planner(simulator: Callable[[GridWorlds, int], Simulate]) -> Policy:
    def act(world: GridWorlds, seed: int) -> int:
        row, column = world.goal[0]
        seen = torch.from_numpy(world.frames()[0]).float()
        reward = nearness((int(row), int(column)), AGENT)
        return shoot(simulator(world, seed), reward, seen, actions=len(MOVES), horizon=HORIZON, seed=seed)

    return act


def success(policy: Policy, n: int = 100, limit: int = 25) -> float:
    """The share of `n` worlds whose goal is reached within `limit` actions."""
    worlds, arrived = grid_worlds(n, side=SIDE, walls=WALLS, seed=100), 0
    for i in range(n):
        world = worlds.take(np.array([i]))
        for t in range(limit):
            world = world.step(np.array([policy(world, 1000 * i + t)]))
            if world.arrived()[0]:
                arrived += 1
                break
    return arrived / n


def main() -> None:
    torch.set_num_threads(1)
    began = time.perf_counter()
    model = train()
    print(f"trained in {time.perf_counter() - began:.0f} s on one core")
    print("imagined frames that came true:", share_of_frames_right(model))
    random = success(lambda world, seed: int(np.random.default_rng(seed).integers(len(MOVES))))
    print(f"goal reached, random actions: {random:.2f}")
    print(f"goal reached, random shooting in the true world: {success(planner(lambda w, s: truth(w))):.2f}")
    own = success(planner(lambda world, seed: imagination(model, condition, seed=seed)))
    print(f"goal reached, random shooting in imagination: {own:.2f}")


if __name__ == "__main__":
    main()

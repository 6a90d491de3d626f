import numpy as np
import pytest
import torch

from genzoo.apply.planning import imagination, nearness, shoot
from genzoo.data.toy_world import AGENT, GOAL, WALL, GridWorlds, episodes, grid_worlds, painted
from genzoo.errors import BadInput
from genzoo.models.autoregressive.gated_pixelcnn import GatedPixelCNN

SIDE, HORIZON = 6, 3


def truth(world):
    """Imagination that is never wrong."""

    def simulate(seen, actions):
        copies = world.take(np.zeros(len(actions), int))
        every = torch.from_numpy(episodes(copies, actions.numpy()))
        return every.unflatten(1, (-1, SIDE))[:, 1:]

    return simulate


def plan(world, seed):
    goal = tuple(int(i) for i in world.goal[0])
    seen = torch.from_numpy(world.frames()[0])
    return shoot(truth(world), nearness(goal, AGENT), seen, actions=5, horizon=HORIZON, seed=seed)


def success(policy, n=20, limit=20):
    worlds, arrived = grid_worlds(n, side=SIDE, walls=4, seed=1), 0
    for i in range(n):
        world = worlds.take(np.array([i]))
        for t in range(limit):
            world = world.step(np.array([policy(world, 100 * i + t)]))
            if world.arrived()[0]:
                arrived += 1
                break
    return arrived / n


def test_an_agent_moves_and_stops_at_walls_and_edges():
    walls = np.zeros((1, 3, 3), bool)
    walls[0, 0, 1] = True
    world = GridWorlds(walls, np.array([[2, 2]]), np.array([[0, 0]]))
    after = [tuple(world.step(np.array([a])).agent[0]) for a in range(5)]
    assert after == [(0, 0), (0, 0), (1, 0), (0, 0), (0, 0)]  # stay, edge, down, edge, wall


def test_every_frame_shows_one_agent_and_the_walls_never_move():
    worlds = grid_worlds(50, side=SIDE, walls=4, seed=0)
    actions = np.random.default_rng(0).integers(5, size=(50, HORIZON))
    seen = episodes(worlds, actions).reshape(50, HORIZON + 1, SIDE, SIDE)
    assert ((seen == AGENT).sum((2, 3)) == 1).all()
    assert ((seen == WALL) == (seen[:, :1] == WALL)).all()
    assert ((seen == GOAL).sum((2, 3)) <= 1).all()


def test_actions_are_painted_where_they_lead_to():
    maps = painted(np.array([[2, 0]]))
    assert maps.shape == (1, 5, 3, 1)
    assert maps[0, 2, 1, 0] == maps[0, 0, 2, 0] == maps.sum() / 2 == 1


def test_the_planner_takes_the_action_that_begins_the_best_sequence():
    def simulate(seen, actions):
        return actions[:, :, None, None].float()

    def reward(frames):  # best: first 3, and then 1
        return -(frames[:, 0, 0, 0] - 3).abs() - (frames[:, 1, 0, 0] - 1).abs()

    assert shoot(simulate, reward, torch.zeros(1, 1), actions=5, horizon=2, candidates=200) == 3


def test_planning_with_the_true_world_reaches_goals_that_random_actions_do_not():
    random = np.random.default_rng(0)
    assert success(plan) >= 0.8
    assert success(lambda world, seed: int(random.integers(5))) <= 0.5


def test_closer_to_the_goal_is_better_and_no_agent_is_worst():
    frames = torch.zeros(3, 1, 4, 4)
    frames[0, 0, 1, 1], frames[1, 0, 3, 3] = AGENT, AGENT
    value = nearness((1, 2), AGENT)(frames)
    assert value.tolist() == [-1, -3, -8]


def test_imagined_frames_follow_the_one_that_is_seen_and_depend_on_the_actions():
    model = GatedPixelCNN((1, 3 * 4, 4), levels=4, width=6, layers=2, kernel=9, head=8, picture=(5, 3, 1))
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(3)
    simulate = imagination(model, lambda a: torch.from_numpy(painted(a.numpy())).float())
    actions = torch.tensor([[0, 1], [4, 3]]).repeat(20, 1)
    frames = simulate(torch.zeros(4, 4), actions)
    assert frames.shape == (40, 2, 4, 4)
    assert (frames[::2].mean(0) - frames[1::2].mean(0)).abs().max() > 0.05
    with pytest.raises(BadInput, match="the model's is"):
        simulate(torch.zeros(5, 4), actions)

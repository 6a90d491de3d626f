"""Planning by random shooting: imagine many futures under random actions, do what begins the best one."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from genzoo.apply.forecast import forecast
from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.random import seeded
from genzoo.types import Given

Actions = Int[Tensor, "n t"]
Frames = Float[Tensor, "n t h w"]
# Imagined frames after each action, from the frame that is seen (h w) and the actions.
Simulate = Callable[[Float[Tensor, "h w"], Actions], Frames]
Reward = Callable[[Frames], Float[Tensor, " n"]]  # of each imagined future, more is better


def shoot(
    simulate: Simulate,
    reward: Reward,
    seen: Float[Tensor, "h w"],
    *,
    actions: int,
    horizon: int,
    candidates: int = 64,
    seed: int = 0,
) -> int:
    """The first action of the best of many random action sequences, judged by what is imagined to follow.

    The first actions take turns, so that each is tried; of equally good sequences the first one wins.

    Reference: random shooting in model predictive control: Nagabandi, Kahn, Fearing & Levine, Neural Network
    Dynamics for Model-Based Deep Reinforcement Learning, 2018, arXiv:1708.02596, §IV-C.

    Args:
        simulate: what follows, one draw for each sequence.
        reward: how good each imagined future is.
        seen: the frame now.
        actions: how many there are.
        horizon: actions of a sequence.
        candidates: sequences.
    """
    if min(actions, horizon, candidates) < 1:
        raise BadInput(
            f"actions, horizon and candidates must be positive: {actions}, {horizon}, {candidates}"
        )
    with seeded(seed, "shoot"):
        sequences = torch.randint(actions, (candidates, horizon))
    sequences[:, 0] = torch.arange(candidates) % actions
    value = reward(simulate(seen, sequences))
    return int(sequences[value.argmax(), 0])


def imagination(
    model: Model, condition: Callable[[Actions], Float[Tensor, "n c h w"]], *, seed: int = 0
) -> Simulate:
    """Imagined frames drawn from p(frames | the first one, actions).

    Args:
        model: of frames one below the other, the one that is seen first; it is given pictures.
        condition: the pictures that stand for actions.
        seed: of the draws.
    """

    def simulate(seen: Float[Tensor, "h w"], actions: Actions) -> Frames:
        h, w = seen.shape
        n, t = actions.shape
        if model.shape != (1, (t + 1) * h, w):
            expected = (1, (t + 1) * h, w)
            raise BadInput(
                f"{t} frames after one of {h}x{w} are of shape {expected}, the model's is {model.shape}"
            )
        now = seen.to(model.like.dtype).expand(n, 1, h, w)
        given = Given(images=condition(actions))
        drawn = forecast(model, now, h, given, k=1, seed=seed, batch=n)[:, 0, 0]
        return drawn.unflatten(1, (t + 1, h))[:, 1:]

    return simulate


def nearness(goal: tuple[int, int], agent: float, *, discount: float = 0.9) -> Reward:
    """Reward of grid-world frames: −Σ_t discount^t · distance of the agent to the goal in frame t.

    The distance is in steps along rows and columns, from the cell that looks like the agent; it is the width
    and height together where none does.

    Args:
        goal: row and column.
        agent: value of the agent's cell.
    """

    def reward(frames: Frames) -> Float[Tensor, " n"]:
        _, t, h, w = frames.shape
        is_agent = ((frames - agent).abs() < 1e-3).flatten(2)  # n t cells
        place = is_agent.int().argmax(2)  # the first such cell
        apart = (place // w - goal[0]).abs() + (place % w - goal[1]).abs()
        steps = torch.where(is_agent.any(2), apart, h + w).float()
        return -(steps * discount ** torch.arange(t)).sum(1)

    return reward

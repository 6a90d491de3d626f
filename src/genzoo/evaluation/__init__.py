"""One ruler for all: likelihoods, bounds and errors with their protocol, and what a sample costs."""

from genzoo.evaluation.cost import Cost, sampling_cost
from genzoo.evaluation.evaluate import evaluate
from genzoo.evaluation.likelihood import check_levels, elbo, log_prob, squared_error
from genzoo.evaluation.result import Kind, Result, summarised

__all__ = [
    "Cost",
    "Kind",
    "Result",
    "check_levels",
    "elbo",
    "evaluate",
    "log_prob",
    "sampling_cost",
    "squared_error",
    "summarised",
]

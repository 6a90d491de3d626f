"""One ruler for all: likelihood, sample quality, coverage, representation and cost, with their protocol."""

from genzoo.evaluation.cost import Cost, sampling_cost
from genzoo.evaluation.evaluate import Evaluation, evaluate
from genzoo.evaluation.features import Extractor, extractor_for
from genzoo.evaluation.ledger import Answer, Ledger
from genzoo.evaluation.likelihood import check_levels, elbo, log_prob, squared_error
from genzoo.evaluation.measured import likelihood
from genzoo.evaluation.modes import over_seeds
from genzoo.evaluation.protocol import Protocol
from genzoo.evaluation.quality import quality, quality_of
from genzoo.evaluation.quantities import QUANTITIES, Quantity
from genzoo.evaluation.result import Kind, Result, summarised
from genzoo.evaluation.subject import Subject

__all__ = [
    "QUANTITIES",
    "Answer",
    "Cost",
    "Evaluation",
    "Extractor",
    "Kind",
    "Ledger",
    "Protocol",
    "Quantity",
    "Result",
    "Subject",
    "check_levels",
    "elbo",
    "evaluate",
    "extractor_for",
    "likelihood",
    "log_prob",
    "over_seeds",
    "quality",
    "quality_of",
    "sampling_cost",
    "squared_error",
    "summarised",
]

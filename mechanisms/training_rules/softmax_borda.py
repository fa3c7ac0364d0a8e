"""Fine-tuning towards Borda scores: what preference-trained reward models estimate when opinions differ."""

from mechanisms.fine_tuners.base import FineTuner
from mechanisms.training_rules.comparisons import with_ties
from mechanisms.training_rules.scored import Scored


def softmax_borda(fine_tuner: FineTuner) -> Scored:
    """objective = W E[Borda] - beta * D, Borda(y) = mean over the other responses y' of P(y over y').

    A Bradley-Terry model fitted to pooled comparisons ranks responses by this score (Siththaranjan, Laidlaw and
    Hadfield-Menell, arXiv 2312.08358).  P is the weighted share of agents, ties counted half.
    """
    return Scored(fine_tuner, with_ties)

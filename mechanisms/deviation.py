"""What lies are worth: every agent's utility under each of its own lies, the others' reports fixed."""

from torch import Tensor

from mechanisms.base import Mechanism
from mechanisms.reference import Reference
from mechanisms.valuation import Agents, Deviations, Valuation


def deviation_utilities(
    mechanism: Mechanism, reference: Reference, truth: Valuation, reports: Valuation, agents: Agents, lies: Valuation
) -> Tensor:
    """True utility of agent ``agents[j]`` if it alone switched from ``reports`` to a lie: ``[M, m, ...]``.

    ``lies`` has rewards ``[M, m, ..., P, K]`` and weights ``[M, m, ...]``; differentiable in both.
    """
    outcome = mechanism(reference, Deviations(reports, agents, lies))
    own = truth.of(agents).payers()
    return own.weights * reference.expectation(outcome.policy, own.rewards) - outcome.payments.squeeze(-1)

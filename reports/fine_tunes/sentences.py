"""The verdict on a fine-tune in plain words, made from its summary."""

from __future__ import annotations

from typing import Any

from reports.text import listed


def interval(found: dict[str, Any] | None) -> str:
    """Value and 95 % interval; a dash where nothing is stated.

    >>> interval({"value": 0.5, "low": 0.4, "high": 0.6}), interval(None)
    ('0.500 [0.400, 0.600]', '-')
    """
    return "-" if found is None else f"{found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"


def headline(summary: dict[str, Any]) -> str:
    """Whose rewards rose, whose fell."""
    agents = summary["agents"]
    moved = [row for row in agents if row["difference"]["excludes_zero"]]
    risen = [row["name"] for row in moved if row["difference"]["value"] > 0]
    fallen = [row["name"] for row in moved if row["difference"]["value"] < 0]
    after = f"after the fine-tune of {summary['language_model']} ({summary['steps']} steps)"
    if not moved:
        return f"No reward moved {after}: every agent's interval holds zero."
    if len(risen) == len(agents) > 1:
        return f"Every agent's reward rose {after}, and no interval holds zero."
    said = [f"the reward of {listed(who)} {did}" for who, did in ((risen, "rose"), (fallen, "fell")) if who]
    rest = "" if len(moved) == len(agents) else "; the others' intervals hold zero"
    sentence = f"{' and '.join(said)} {after}{rest}."
    return sentence[0].upper() + sentence[1:]


def findings(summary: dict[str, Any]) -> list[tuple[str, str]]:
    """``(agent, what happened to it)``."""
    return [(row["name"], f"{_moved(row)}; {_charged(row, summary)}.") for row in summary["agents"]]


def fit(summary: dict[str, Any]) -> str:
    """How far the policy is from the reference, and from the optimum."""
    far = f"The trained policy is {interval(summary['kl'])} nats from the reference"
    if summary["gap"] is None:
        return f"{far}; how far it stays behind the optimum at the reports is not stated."
    bounds = listed(
        f"{bound:.3f} ({row['name']})" for row, bound in zip(summary["agents"], summary["payment_bounds"], strict=True)
    )
    return (
        f"{far} and loses {interval(summary['gap'])} of the objective against the optimum at the reports; payments of "
        f"a perfect fine-tune are at most so far away: {bounds}."
    )


def refusals(summary: dict[str, Any]) -> list[str]:
    """Why a number is missing, one sentence each."""
    said = [f"No payment is stated for {r['name']}: {r['refused']}." for r in summary["agents"] if r["refused"]]
    if summary["gap_refused"]:
        said.append(f"The gap to the optimum is not stated: {summary['gap_refused']}.")
    return said


def limitations(summary: dict[str, Any]) -> list[str]:
    """What one fine-tune does not show."""
    found, of = summary["effective_samples_at_optimum"], summary["evaluation"]
    return [
        "One fine-tune, from one seed. Intervals cover the responses that were sampled, not the training. The "
        "optimality gap is measured on the trained policy's own responses, so an optimum that lies elsewhere is not "
        f"seen; the effective sample size at the optimum ({found:.0f} of {of} in the worst prompt) says how much of it "
        "is. Reward models are formulas and small classifiers, which a language model can please without pleasing "
        "anybody.",
    ]


def _moved(row: dict[str, Any]) -> str:
    before, after, difference = row["before"]["value"], row["after"]["value"], row["difference"]
    lie = ", though it reports something else" if row["lies"] else ""
    if not difference["excludes_zero"]:
        return f"gets a reward of {after:.3f} after {before:.3f}{lie}: {interval(difference)} cannot be told from zero"
    way = "rise" if difference["value"] > 0 else "fall"
    return f"sees its reward {way} from {before:.3f} to {after:.3f}{lie}, by {interval(difference)}"


def _charged(row: dict[str, Any], summary: dict[str, Any]) -> str:
    if row["payment"] is None:
        return f"its payment is not stated, since its {row['effective_samples']:.0f} effective samples are too few"
    if summary["payment"] == "zero":
        return f"nobody pays, which leaves a utility of {interval(row['utility'])}"
    return f"it pays {interval(row['payment'])}, which leaves a utility of {interval(row['utility'])}"

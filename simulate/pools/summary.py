"""A pool in a page: what `trueward pool show` prints, as one document."""

from __future__ import annotations

from typing import Any

from simulate.pools.agreement import agreement
from simulate.pools.pool import Pool


def summary(pool: Pool, responses: int = 0) -> dict[str, Any]:
    """Model, sampling law, prompts with their first ``responses`` texts, reward models, correlation."""
    manifest = pool.manifest
    means = {label: (pool.reference * value).sum(-1) for label, value in pool.rewards.items()}
    sizes = manifest["effective_sample_size"]
    document = {key: manifest[key] for key in ("name", "summary", "licence", "created", "model", "template")}
    document |= {key: manifest[key] for key in ("samples", "temperature", "max_tokens", "seed", "beta")}
    document["prompts"] = [
        {
            "prompt": prompt,
            "distinct": len(pool.responses[p]),
            "effective_sample_size": sizes["truthful"][p],
            "least_effective_sample_size_overstated": min(row[p] for row in sizes["overstated"].values()),
            "rewards": {label: float(mean[p]) for label, mean in means.items()},
            "responses": [_response(pool, p, k) for k in range(min(responses, len(pool.responses[p])))],
        }
        for p, prompt in enumerate(pool.prompts)
    ]
    document["rewards"] = manifest["rewards"]
    document["correlation"] = agreement(pool.reference, pool.stacked_rewards()).tolist()
    document["thin_prompts"] = sizes["thin_prompts"]
    return document


def _response(pool: Pool, p: int, k: int) -> dict[str, Any]:
    return {
        "text": pool.responses[p][k],
        "count": int(pool.counts[p, k]),
        "log_probability": float(pool.log_probabilities[p, k]),
        "rewards": {label: float(value[p, k]) for label, value in pool.rewards.items()},
    }

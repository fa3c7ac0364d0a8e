"""The base paper's synthetic game (arXiv 2405.16276, Appendix F, Table 1), in the setting that fits its numbers.

Stated there: 10 outcomes, rewards uniform then normalised, sizes uniform on 1..10, the lie of Theorem 4.2.
Reconstructed, because unstated or at odds with the printed numbers: KL with beta 0.2, a uniform reference,
normalisation by sum, and 3 groups rather than the 5 it states.
"""

paper_synthetic = {
    "name": "paper_synthetic",
    "summary": "random rewards that sum to one, sizes 1 to 10, one agent sharpens (Table 1 of the base paper)",
    "reference": {"random": {"responses": 10}},
    "agents": [
        {
            "name": "liar",
            "rewards": {"random": {}},
            "weight": {"random": {"low": 1, "high": 10, "integer": True}},
            "strategy": {"name": "sharpen", "epsilon": 0.02},
        },
        {
            "name": "honest",
            "rewards": {"random": {}},
            "weight": {"random": {"low": 1, "high": 10, "integer": True}},
            "count": 2,
        },
    ],
    "messages": {"rewards": "sum_to_one", "max_weight": 10.0},
    "normalise": True,
    "mechanism": {"beta": 0.2, "payment": "zero"},
    "rounds": 1,
    "replicates": 1000,
    "information": "outcome",
}

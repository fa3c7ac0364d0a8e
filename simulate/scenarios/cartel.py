"""A prisoners' dilemma without payments: rivals with one second best in common, two of whom repay lies with lies.

All truthful, the compromise is trained and everybody is at 0.80.  Against truthful rivals the newcomer's best lie
would bring it nearly 1 and them nothing; against these it ends at 0.45, below the truth.
"""

cartel = {
    "name": "cartel",
    "summary": "two rivals tell the truth to those who do; a newcomer's best lies bring it less than truth would",
    "reference": [0.25, 0.25, 0.25, 0.25],
    "agents": [
        {"name": "north", "rewards": [1.0, 0.0, 0.0, 0.8], "strategy": "tit_for_tat"},
        {"name": "south", "rewards": [0.0, 1.0, 0.0, 0.8], "strategy": "tit_for_tat"},
        {"name": "newcomer", "rewards": [0.0, 0.0, 1.0, 0.8], "strategy": "best_response"},
    ],
    "messages": {"rewards": "unit_box", "max_weight": 4.0},
    "mechanism": {"beta": 0.2, "payment": "zero"},
    "rounds": 50,
    "replicates": 4,
    "information": "full",
}

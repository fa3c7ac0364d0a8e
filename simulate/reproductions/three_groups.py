"""Tables 2 to 6: three groups choose among a finite set of fine-tuned models; group 1 lies.

The published mean rewards of the models were not printed.  The six models below were reconstructed from the tables:
a linear programme with all their inequalities leaves hardly any room for them.  No regulariser appears in the
numbers, so beta is 0 and the models are the menu.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from mechanisms.base import utility
from mechanisms.recipe import Recipe
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate.reproductions.base import Cell, Progress, Reproduced, Reproduction, Size
from simulate.reproductions.published import printed
from strategies.blend import Blend
from strategies.overstate import Overstate
from strategies.streams import Streams

# Mean rewards (helpfulness, harmlessness, humor), each scaled to [0, 1] over the models of the paper.
MODELS = {
    "A": (1.0, 0.0, 0.0),
    "B": (0.8862, 0.1126, 0.1915),
    "C": (0.2627, 0.5783, 1.0),
    "D": (0.0, 1.0, 0.505),
    "E": (0.0668, 0.9297, 0.5566),
    "F": (0.9332, 0.1205, 0.0085),
}
BLENDED = 0.2  # of the sum of the others' rewards; fitted: what rm_{-i} is among three groups is not defined
HALF_A_DIGIT = 0.005 + 1e-9  # of numbers printed to two; 6.515 was printed 6.51, so a tie may go either way


def three_groups(table: str) -> tuple[Valuation, Tensor, Tensor, Tensor]:
    """The truth, and per value of the lie ``[V]`` group 1's valuation and utility and the social welfare."""
    paper = printed(table)
    models = torch.tensor(list(MODELS.values()), dtype=torch.float64)  # [M, 3]
    mixes = torch.tensor(paper.get("mixes", torch.eye(3).tolist()), dtype=torch.float64)
    truth = Valuation((mixes @ models.T)[:, None], torch.tensor(paper["weights"], dtype=torch.float64))
    reports = LIES[paper["strategy"]](truth, paper["values"])
    menu = {"name": "menu", "policies": torch.eye(len(MODELS), dtype=torch.float64)[:, None].tolist()}
    mechanism = Recipe(fine_tuner=menu, beta=0.0).build()
    reference = Reference.of(torch.full((1, len(MODELS)), 1 / len(MODELS), dtype=torch.float64))
    outcome = mechanism(reference, reports)
    valuations = truth.weights * truth.expected_rewards(reference, outcome.policy)
    return truth, valuations[:, 0], utility(reference, truth, outcome)[:, 0], valuations.sum(-1)


def _overstated(truth: Valuation, factors: list[float]) -> Valuation:
    """Strategy (1): ``[V, 3, 1, M]``."""
    own = truth.of(LIAR)
    return _told(truth, [Overstate(factor).report(own, None, NO_CHANCE) for factor in factors])


def _blended(truth: Valuation, shares: list[float]) -> Valuation:
    """Strategy (2) with rm_{-1} = `BLENDED` * (rm_2 + rm_3): ``[V, 3, 1, M]``."""
    own, others = truth.of(LIAR), BLENDED * truth.rewards[1:].sum(0, keepdim=True)
    return _told(truth, [Blend(share).report(own, others, NO_CHANCE) for share in shares])


def _told(truth: Valuation, lies: list[Valuation]) -> Valuation:
    """Group 1's lies in front of what the others truly want."""
    rewards = torch.stack([torch.cat([lie.rewards, truth.rewards[1:]]) for lie in lies])
    return Valuation(rewards, torch.stack([torch.cat([lie.weights, truth.weights[1:]]) for lie in lies]))


LIAR = slice(0, 1)
NO_CHANCE = Streams(0, [0], [0])  # neither strategy draws
LIES = {"overstate": _overstated, "blend": _blended}


def reproduce(table: str, size: Size, progress: Progress) -> Reproduced:
    """All cells; nothing is drawn, so that rounding is the only error."""
    paper = printed(table)
    _, *rows = three_groups(table)
    symbol = "alpha" if paper["strategy"] == "overstate" else "beta"
    cells = [
        _cell(key, f"{symbol} {value:g}", stated, ours)
        for key, row in zip(("valuation", "utility", "social_welfare"), rows, strict=True)
        for value, stated, ours in zip(paper["values"], paper[key], row.tolist(), strict=True)
    ]
    progress(1)
    return Reproduced(_title(table), tuple(cells), _said(table, cells))


def _cell(row: str, column: str, paper: float, ours: float) -> Cell:
    return Cell(row, column, paper, ours, "reconstructed", None, abs(ours - paper) <= HALF_A_DIGIT)


def _title(table: str) -> str:
    paper = printed(table)
    sizes = ", ".join(map(str, paper["weights"]))
    return f"Table {table[-1]}: three groups of sizes {sizes}; group 1 {VERB[paper['strategy']]}"


VERB = {"overstate": "overstates its size", "blend": "blends the others' rewards into its own"}


def _said(table: str, cells: list[Cell]) -> tuple[str, ...]:
    near = sum(bool(cell.matches) for cell in cells)
    said = [
        f"{near} of {len(cells)} cells agree to the printed rounding, with six candidate models that were "
        "reconstructed from the printed numbers, by the library's own menu fine-tuner and affine-maximizer payment.",
    ]
    if printed(table)["strategy"] == "blend":
        said.append(
            f"What the blend is among three groups is not defined in the paper.  {BLENDED:g} times the sum of the "
            "others' rewards was fitted; their mean, sum or size-weighted mean do not give these numbers."
        )
    if table == "table-6":
        said.append(
            "The weights of the preferences are those of the text; those of the caption do not give the numbers."
        )
    return tuple(said)


def table(number: int) -> Reproduction:
    """The reproduction of one of them."""
    name = f"table-{number}"
    return Reproduction(_title(name), partial(reproduce, name))

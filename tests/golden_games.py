"""Games whose answers are known from the literature: each carries its payoffs, its answers and who found them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simulate.empirical.normal_form import Array, NormalForm

Table = Any  # nested lists or an array: [n, A_1, ..., A_n]
Profiles = tuple[Any, ...]  # each a tuple of one distribution a player


@dataclass(frozen=True)
class GoldenGame:
    """``None`` and ``()`` mean that the source says nothing."""

    name: str
    payoffs: Table
    citation: str
    nash: Profiles = ()  # Nash equilibria
    extent: str = "some"  # the list above is "all" there are, all "extreme" ones of a continuum, or "some"
    count: int | None = None  # how many there are (extreme ones of a continuum)
    pure: int | None = None  # how many pure ones there are
    value: float | None = None  # of a zero-sum game, to player 1
    best_nash: float | None = None  # the largest sum of payoffs over Nash equilibria
    correlated: tuple[tuple[Table, tuple[float, ...]], ...] = ()  # (joint, payoffs), correlated equilibria
    best_correlated: float | None = None  # the largest sum of payoffs over correlated equilibria
    best_coarse: float | None = None  # and over coarse correlated equilibria
    worst_coarse: float | None = None
    leader: tuple[tuple[float, ...], float] | None = None  # player 1 commits: its mixture, its value
    alpha_rank: tuple[float, ...] | None = None  # with the parameters of ``ALPHA_RANK``
    tags: frozenset[str] = frozenset()  # "degenerate", "zero-sum", "symmetric", "many-players"

    @property
    def game(self) -> NormalForm:
        return NormalForm.of(np.asarray(self.payoffs, dtype=float))

    def __str__(self) -> str:
        return self.name


def symmetric(table: Table) -> list[Any]:
    """Both players choose from the same actions: B = A transposed."""
    return [table, np.transpose(table).tolist()]


def zero_sum(table: Table) -> list[Any]:
    return [table, (-np.asarray(table, dtype=float)).tolist()]


def by_cell(cells: Table, sizes: tuple[int, ...]) -> Array:
    """Payoffs listed profile after profile, the first player's action moving fastest."""
    return np.array([np.reshape(column, sizes, order="F") for column in np.transpose(cells)], dtype=float)


def in_pairs(numbers: str, sizes: tuple[int, int]) -> Array:
    """The same of two players, as one line of numbers."""
    return by_cell(np.reshape(numbers.split(), (-1, 2)).astype(float), sizes)


def anti_coordination(n: int, v: float = 2.0) -> Array:
    """Action 1 is worth 1; action 2 is worth v to whoever plays it alone, otherwise 0."""
    own = np.zeros((2,) * n)
    own[0], own[(1,) + (0,) * (n - 1)] = 1.0, v
    return np.stack([np.moveaxis(own, 0, i) for i in range(n)])


def second_price(values: tuple[float, ...], bids: tuple[float, ...]) -> Array:
    """The highest bid wins and pays the second highest; ties share the gain."""
    played = np.stack(np.meshgrid(*[bids] * len(values), indexing="ij"))
    ordered = np.sort(played, axis=0)
    wins = played == ordered[-1]
    gain = np.reshape(values, (-1,) + (1,) * len(values)) - ordered[-2]
    return np.where(wins, gain / wins.sum(0), 0.0)


def random_game(seed: int, sizes: tuple[int, ...]) -> Array:
    """Uniform payoffs, player after player."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.random(sizes) for _ in sizes])


def coordination(size: int, n: int = 2) -> Array:
    """Everybody gets 1 if all choose the same, otherwise 0."""
    table = np.zeros((size,) * n)
    table[(np.arange(size),) * n] = 1
    return np.stack([table] * n)


def firsts(*chances: float) -> tuple[tuple[float, float], ...]:
    """A profile of two-action players from the chances of their first actions."""
    return tuple((p, 1 - p) for p in chances)


def tags(*words: str) -> frozenset[str]:
    return frozenset(words)


def both(*mixture: float) -> tuple[tuple[float, ...], ...]:
    return (mixture, mixture)


def on_supports(size: int) -> Profiles:
    """Uniform play of every nonempty set of actions, the same by both."""
    masks = [[(code >> a) & 1 for a in range(size)] for code in range(1, 2**size)]
    return tuple(both(*(bit / sum(mask) for bit in mask)) for mask in masks)


STENGEL = "von Stengel 2007, Algorithmic Game Theory, chapter 3"
NAU = "Nau, Gomez Canovas and Hansen 2004, Int. J. Game Theory 32"
QUANTECON = "QuantEcon.py, game_theory/tests"
OPEN_SPIEL = "OpenSpiel, open_spiel/python/algorithms"
GAMBIT = "Gambit, contrib/games"
ALPHA_RANK = {
    "m": 20,
    "alpha": 0.1,
}  # population size and intensity of selection of the alpha-rank answer, global selection
HAN = [[0.875, 0.75, 0, 2.75, 0.75], [1, 1, -1, -1, -1], [0, 2, 0, 0, 0], [-2, 2, 0, 0, 0], [1, 2, 0, 0, 0]]
DUMMY = [[0, 234, 34, -270], [-234, 0, -38, -464], [-34, 38, 0, -270], [270, 464, 270, 0]]
ONEILL = [[1, -1, -1, -1], [-1, -1, 1, 1], [-1, 1, -1, 1], [-1, 1, 1, -1]]
WINKELS = "1 1 1 0 3 -2 3 4 2.5 -1 2.5 6 3 2 3 -1 1 2 1 -1 2.5 6 2.5 -1"
SEVENTY_FIVE = """
    9504 72336 -111771 -461736 397584 1227336 171204 -1718376 1303104 1303104 737154 -453420
    -660 48081 31680 -300036 -113850 774576 -45936 -1039236 -453420 737154 -227040 -227040
    19976 29216 -130944 -178761 451176 451176 208626 -586476 1227336 397584 774576 -113850
    -20526 14124 168124 -84436 -586476 208626 -263076 -263076 -1718376 171204 -1039236 -45936
    1776 1776 -8514 -8976 29216 19976 14124 -20526 72336 9504 48081 -660
    -8976 -8514 52764 52764 -178761 -130944 -84436 168124 -461736 -111771 -300036 31680
"""

# fmt: off
TWO_PLAYERS = [
    GoldenGame("stengel", [[[3, 3], [2, 5], [0, 6]], [[3, 2], [2, 6], [3, 1]]], STENGEL, nash=(((1, 0, 0), (1, 0)),
        ((4 / 5, 1 / 5, 0), (2 / 3, 1 / 3)), ((0, 1 / 3, 2 / 3), (1 / 3, 2 / 3))), extent="all", count=3, pure=1),
    GoldenGame("stengel-degenerate", [[[3, 3], [2, 5], [0, 6]], [[3, 3], [2, 6], [3, 1]]], STENGEL,
        nash=(((1, 0, 0), (1, 0)), ((1, 0, 0), (2 / 3, 1 / 3)), ((0, 1 / 3, 2 / 3), (1 / 3, 2 / 3))),
        extent="extreme", count=3, pure=1, tags=tags("degenerate")),
    GoldenGame("cycling-pivots", [[[0, 0, 0], [0, 1, 1], [1, 1, 0]], [[1, 1, 0], [0, 1, 0], [1, 0, 2]]], QUANTECON +
        ", test_lemke_howson.py: naive tie-breaking cycles", nash=(((0, 2 / 3, 1 / 3), (0, 1, 0)),),
        tags=tags("degenerate")),
    *(GoldenGame(f"identity-{size}", coordination(size), "Gambit, tests/test_nash.py", nash=on_supports(size),
        extent="all", count=2**size - 1, pure=size) for size in (3, 4)),
    GoldenGame("shapley-1974", [[[0, 3, 0], [2, 2, 0], [3, 0, 1]], [[0, 2, 3], [3, 2, 0], [0, 0, 1]]],
        "Shapley 1974, Mathematical Programming Study 1, figure 3: Lemke-Howson reaches only the last",
        nash=(both(1 / 3, 2 / 3, 0), both(1 / 6, 1 / 3, 1 / 2), both(0, 0, 1)), extent="all", count=3, pure=1),
    GoldenGame("battle-of-the-sexes", [[[3, 0], [0, 2]], [[2, 0], [0, 3]]], NAU + ", section 3", nash=(firsts(1, 1),
        firsts(0, 0), firsts(3 / 5, 2 / 5)), extent="all", count=3, pure=2, best_nash=5),
    GoldenGame("segment", [[[1, -1], [-1, 1], [0, 0]], [[1, 0], [0, 0], [0, 0]]], QUANTECON +
        ", test_support_enumeration.py: support enumeration misses the segment", nash=(((1, 0, 0), (1, 0)),
        ((0, 1, 0), (0, 1)), *(((0, p, 1 - p), (1 / 2, 1 / 2)) for p in (0, 0.3, 1))), pure=2,
        tags=tags("degenerate")),
    GoldenGame("winkels", in_pairs(WINKELS, (6, 2)), "Winkels 1979; " + GAMBIT + "/winkels.nfg", count=12,
        extent="extreme", tags=tags("degenerate")),
    GoldenGame("seventy-five", in_pairs(SEVENTY_FIVE, (6, 6)),
        "von Stengel 1999, Discrete & Computational Geometry 21", count=75),
    GoldenGame("dilemma", symmetric([[-2, -10], [0, -5]]), OPEN_SPIEL + "/mip_nash_test.py", nash=(firsts(0, 0),),
        extent="all", count=1, pure=1, best_nash=-10, best_correlated=-10, tags=tags("symmetric")),
    GoldenGame("stag-hunt", symmetric([[10, 1], [8, 5]]), OPEN_SPIEL + "/mip_nash_test.py", nash=(firsts(1, 1),
        firsts(0, 0), firsts(2 / 3, 2 / 3)), extent="all", count=3, pure=2, best_nash=20, tags=tags("symmetric")),
    GoldenGame("asymmetric-pair", symmetric([[0, 0.3], [0.7, 0]]), "gameanalysis, gamegen.sym_2p2s_known_eq",
        nash=(firsts(1, 0), firsts(0, 1), firsts(0.3, 0.3)), extent="all", count=3, pure=2, tags=tags("symmetric")),
    GoldenGame("shapley-1964", [[[0, 0, 1], [1, 0, 0], [0, 1, 0]], [[0, 1, 0], [0, 0, 1], [1, 0, 0]]],
        "Shapley 1964, Some topics in two-person games; " + OPEN_SPIEL + "/corr_dist_test.cc",
        nash=(both(1 / 3, 1 / 3, 1 / 3),), extent="all", count=1, pure=0, correlated=((np.full((3, 3), 1 / 9),
        (1 / 3, 1 / 3)), ((1 - np.eye(3)) / 6, (1 / 2, 1 / 2))), best_nash=2 / 3, best_correlated=1, best_coarse=1,
        worst_coarse=2 / 3),
    GoldenGame("signalling", [[[5, 5, 0, 0], [5, 2, 3, 0], [5, 3, 2, 0], [5, 0, 5, 0]], [[5, 5, 6, 6], [5, 8, 3, 6],
        [5, 3, 8, 6], [5, 6, 5, 6]]], "von Stengel and Forges 2008, Math. of Operations Research 33; " + OPEN_SPIEL
        + "/corr_dist_test.cc", correlated=((np.outer(np.full(4, 1 / 4), (0, 0, 0, 1)), (0, 6)),),
        tags=tags("degenerate")),
    GoldenGame("han", symmetric(HAN), "Han et al. 2013; OpenSpiel, open_spiel/python/egt/alpharank_test.py",
        alpha_rank=(0.40966787, 0.07959841, 0.20506998, 0.08505983, 0.2206039), tags=tags("symmetric",
        "degenerate")),
]
ZERO_SUM = [
    GoldenGame("biased-rock-paper-scissors", zero_sum([[0, -0.25, 0.5], [0.25, 0, -0.05], [-0.5, 0.05, 0]]),
        OPEN_SPIEL + "/lp_solver_test.py", nash=(both(1 / 16, 10 / 16, 5 / 16),), extent="all", count=1, pure=0,
        value=0.0),
    GoldenGame("saddle", zero_sum([[2, 1, 5], [-3, -4, -2]]), OPEN_SPIEL + "/lp_solver_test.py", nash=(((1, 0),
        (0, 1, 0)),), extent="all", count=1, pure=1, value=1.0),
    GoldenGame("rock-paper-scissors", zero_sum([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]), "folklore",
        nash=(both(1 / 3, 1 / 3, 1 / 3),), extent="all", count=1, pure=0, value=0.0),
    GoldenGame("oneill", zero_sum(ONEILL), "O'Neill 1987, PNAS 84; " + GAMBIT + "/oneill.nfg",
        nash=(both(2 / 5, 1 / 5, 1 / 5, 1 / 5),), extent="all", count=1, pure=0, value=-1 / 5),
    GoldenGame("transitive", zero_sum([[0, -1, -1], [1, 0, -1], [1, 1, 0]]), OPEN_SPIEL + "/nash_averaging_test.py",
        nash=(both(0, 0, 1),), extent="all", count=1, pure=1, value=0.0),
    GoldenGame("dominant", zero_sum(DUMMY), OPEN_SPIEL + "/nash_averaging_test.py", nash=(both(0, 0, 0, 1),),
        extent="all", count=1, pure=1, value=0.0),
]
LEADERS = [
    GoldenGame("leader-mixes", [[[2, 4], [1, 3]], [[1, 0], [0, 1]]], OPEN_SPIEL + "/stackelberg_lp_test.py",
        leader=((1 / 2, 1 / 2), 3.5)),
    GoldenGame("leader-third", [[[2, 0, 0], [1, 0, 0]], [[0, 2, 5], [0, -1, -4]]], OPEN_SPIEL +
        "/stackelberg_lp_test.py", leader=((1 / 3, 2 / 3), 4 / 3)),
    GoldenGame("leader-pure", [[[3, 9], [9, 1]], [[0, 0], [1, 8]]], OPEN_SPIEL + "/stackelberg_lp_test.py",
        leader=((1.0, 0.0), 9.0)),
]
MANY_PLAYERS = [
    GoldenGame("mckelvey-mclennan", by_cell([(9, 8, 12), (0, 0, 0), (0, 0, 0), (9, 8, 2), (0, 0, 0), (3, 4, 6),
        (3, 4, 6), (0, 0, 0)], (2, 2, 2)), "McKelvey and McLennan 1996, Handbook of Computational Economics 1; " +
        GAMBIT + "/2x2x2.nfg", nash=tuple(firsts(*p) for p in [(1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1),
        (1 / 2, 1 / 2, 1), (1 / 3, 1, 1 / 4), (0, 1 / 4, 1 / 3), (1 / 2, 2 / 5, 1 / 4), (2 / 5, 1 / 2, 1 / 3)]),
        extent="all", count=9, pure=4),
    GoldenGame("nau-continuum", by_cell([(0, 0, 2), (3, 0, 0), (0, 3, 0), (0, 0, 0), (1, 1, 0), (0, 0, 0),
        (0, 0, 0), (0, 0, 3)], (2, 2, 2)), NAU + ", section 5", nash=(firsts(1, 0, 1), firsts(0, 1, 1),
        firsts(0, 0, 0)), pure=3, tags=tags("degenerate")),
    *(GoldenGame(f"anti-coordination-{n}", anti_coordination(n), QUANTECON + ", test_mclennan_tourky.py",
        nash=(firsts(*[2 ** (-1 / (n - 1))] * n),), pure=n, tags=tags("symmetric")) for n in (2, 3, 4)),
    GoldenGame("coordination-333", coordination(3, 3), GAMBIT + "/coord333.nfg", pure=9, tags=tags("degenerate")),
    GoldenGame("second-price", second_price((0.3, 0.65, 1), (0, 0.25, 0.5, 0.75, 1)),
        "counted alike by the enumerators of QuantEcon and Gambit", pure=38, tags=tags("degenerate")),
    *(GoldenGame(f"random-555-{seed}", random_game(seed, (5, 5, 5)), "random; by linear programme, to four digits",
        best_correlated=best, best_coarse=coarse) for seed, best, coarse in [(0, 2.6805, 2.6812),
        (1, 2.512, 2.5945), (2, 2.6943, 2.7053)]),
]
# fmt: on
GOLDEN = [*TWO_PLAYERS, *ZERO_SUM, *LEADERS, *MANY_PLAYERS]


def known(field: str) -> list[GoldenGame]:
    """The games whose sources say something about ``field``."""
    return [golden for golden in GOLDEN if getattr(golden, field) not in (None, ())]

"""All solutions of the indifference equations of totally mixed play, by deforming a game whose solutions are plain.

Definitions.  Player i has k_i actions and k_i - 1 equations: action a + 1 is worth as much as action 0.  Equation e of
player i is a tensor D_e over the others' actions, contracted with their mixtures x_j.  Replace each D_e by a product of
linear forms, prod_j l_ej(x_j): then every solution assigns each equation to another player j, k_j - 1 equations to
each j, and x_j is where the forms assigned to j vanish.  There are as many assignments as a generic game has complex
solutions (McKelvey and McLennan 1997), and each solution is joined to one assignment by a path while the tensors move
from products to payoffs, for almost all complex numbers in the forms (Morgan and Sommese 1987).  Mixtures are kept as
points of projective space, so that no path runs to infinity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulate.equilibria.solvers.clock import Clock

Complex = NDArray[np.complex128]

FIRST_STEP, LEAST_STEP = 0.05, 1e-7  # of the deformation from 0 to 1
CORRECTIONS, NEAR, FAR = 2, 1e-6, 1e-3  # Newton steps, where they must end, how far the first may go
EASY = 2e-5  # a first step so short that the next prediction may reach twice as far: the error grows as its fifth power
LAST_CORRECTIONS, SOLVED = 6, 1e-10  # at the end of a path


@dataclass(frozen=True)
class Roots:
    """Where the paths ended."""

    points: Complex  # [games, paths, sum k], homogeneous coordinates of everybody's mixture
    reached: NDArray[np.bool_]  # [games, paths]; False where a path met a singular point or time ran out


def roots(tensors: Sequence[NDArray[np.float64]], sizes: tuple[int, ...], seed: int, clock: Clock) -> Roots:
    """All complex roots of many games of the same sizes, every size at least 2.

    ``tensors[i]``: ``[games, k_i - 1, k_j of the others in order]``.
    """
    rng = np.random.default_rng(seed)
    forms = [[_turn(rng, k_i - 1, k_j) for k_j in sizes] for k_i in sizes]
    patches = [_turn(rng, k) for k in sizes]
    starts = np.array(list(_starts(forms, patches, sizes)), dtype=complex).reshape(-1, sum(sizes))
    games = len(tensors[0])
    products = [_product(own, i) for i, own in enumerate(forms)]
    ends = [np.repeat(tensor, len(starts), axis=0).astype(complex) for tensor in tensors]
    system = System(products, ends, patches, sizes)
    points, reached = _tracked(system, np.tile(starts, (games, 1)), clock)
    return Roots(points.reshape(games, len(starts), -1), reached.reshape(games, len(starts)))


@dataclass(frozen=True)
class System:
    """(1 - t) products + t payoffs, at points ``[P, sum k]``, one equation system a point."""

    products: list[Complex]  # of each player [1, k_i - 1, k_j of the others]
    payoffs: list[Complex]  # of each player [P, k_i - 1, k_j of the others]
    patches: list[Complex]  # [k_j]: the coordinates x_j satisfy patch . x_j = 1
    sizes: tuple[int, ...]

    def at(self, which: NDArray[np.int_]) -> System:
        """Some of the points."""
        return System(self.products, [own[which] for own in self.payoffs], self.patches, self.sizes)

    def slopes(self, points: Complex, t: NDArray[np.float64]) -> tuple[Complex, Complex, Complex]:
        """Values ``[P, sum k]``, derivatives ``[P, sum k, sum k]`` by the points and ``[P, sum k]`` by t."""
        n, cuts = len(self.sizes), np.concatenate([[0], np.cumsum(self.sizes)])
        parts = [points[:, cuts[j] : cuts[j + 1]] for j in range(n)]
        slope = np.zeros((len(points), cuts[-1], cuts[-1]), dtype=complex)
        values, moving = np.empty_like(points), np.zeros_like(points)
        row = 0
        for i in range(n):
            others = [j for j in range(n) if j != i]
            rows = slice(row, row + self.sizes[i] - 1)
            mixing = t.reshape((-1,) + (1,) * n)
            tensor = (1 - mixing) * self.products[i] + mixing * self.payoffs[i]
            for axis, j in enumerate(others):
                slope[:, rows, cuts[j] : cuts[j + 1]] = _contracted(tensor, [parts[k] for k in others], axis)
            values[:, rows] = _applied(slope[:, rows, cuts[others[0]] : cuts[others[0] + 1]], parts[others[0]])
            drift = _contracted(self.payoffs[i] - self.products[i], [parts[k] for k in others], 0)
            moving[:, rows] = _applied(drift, parts[others[0]])
            row += self.sizes[i] - 1
        for j, patch in enumerate(self.patches):
            slope[:, row + j, cuts[j] : cuts[j + 1]] = patch
            values[:, row + j] = parts[j] @ patch - 1
        return values, slope, moving


def _tracked(system: System, starts: Complex, clock: Clock) -> tuple[Complex, NDArray[np.bool_]]:
    """Predict, correct, and let every path have its own step length."""
    # two players' equations are linear, and the last correction solves them from anywhere
    points, t = starts.copy(), np.full(len(starts), 1.0 if len(system.sizes) == 2 else 0.0)
    length = np.full(len(starts), FIRST_STEP)
    while (live := np.flatnonzero((t < 1) & (length > LEAST_STEP))).size and not clock.out:
        there = system.at(live)
        ahead = np.minimum(t[live] + length[live], 1.0)
        guess = _predicted(there, points[live], t[live], ahead - t[live])
        corrected, first, last = _newton(there, guess, ahead, CORRECTIONS)
        good = (last < NEAR) & (first < FAR)
        points[live[good]], t[live[good]] = corrected[good], ahead[good]
        length[live] *= np.where(good, np.where(first < EASY, 2.0, 1.0), 0.5)
    final, _, last = _newton(system, points, t, LAST_CORRECTIONS)
    reached = (t == 1) & (last < SOLVED)
    return np.where(reached[:, None], final, points), reached


def _predicted(system: System, points: Complex, t: NDArray[np.float64], length: NDArray[np.float64]) -> Complex:
    """The classical Runge-Kutta step of dx/dt = -(derivative by x)^-1 (derivative by t)."""

    def along(x: Complex, share: float) -> Complex:
        _, slope, moving = system.slopes(x, t + share * length)
        return -_solved(slope, moving) * length[:, None]

    first = along(points, 0.0)
    second = along(points + first / 2, 0.5)
    third = along(points + second / 2, 0.5)
    return points + (first + 2 * second + 2 * third + along(points + third, 1.0)) / 6


def _newton(
    system: System, points: Complex, t: NDArray[np.float64], steps: int
) -> tuple[Complex, NDArray[np.float64], NDArray[np.float64]]:
    """The corrected points, and the relative lengths of the first and the last step."""
    moves = []
    for _ in range(steps):
        values, slope, _ = system.slopes(points, t)
        step = _solved(slope, values)
        points = points - step
        moves.append(np.linalg.norm(step, axis=1) / np.linalg.norm(points, axis=1))
    return points, moves[0], moves[-1]


def _solved(slope: Complex, values: Complex) -> Complex:
    """Newton's step; not a number where the equations depend on each other: the path waits there, or breaks off."""
    with np.errstate(all="ignore"):
        regular = np.linalg.det(slope) != 0
    found = np.full_like(values, np.nan)
    found[regular] = np.linalg.solve(slope[regular], values[regular][..., None])[..., 0]
    return found


def _starts(forms: list[list[Complex]], patches: list[Complex], sizes: tuple[int, ...]) -> Iterator[Complex]:
    equations = [(i, e) for i, k in enumerate(sizes) for e in range(k - 1)]
    for owners in _assignments(equations, tuple(k - 1 for k in sizes)):
        parts = []
        for j, k in enumerate(sizes):
            rows = [forms[i][j][e] for (i, e), owner in zip(equations, owners, strict=True) if owner == j]
            parts.append(np.linalg.solve(np.array([*rows, patches[j]]), np.eye(k)[-1]))
        yield np.concatenate(parts)


def _assignments(equations: list[tuple[int, int]], room: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Each equation to a player other than its own, as many to each as there is room."""
    if not equations:
        yield ()
        return
    for j, left in enumerate(room):
        if left and j != equations[0][0]:
            for rest in _assignments(equations[1:], (*room[:j], left - 1, *room[j + 1 :])):
                yield (j, *rest)


def _product(forms: list[Complex], own: int) -> Complex:
    """prod_j l_ej as a tensor: ``[1, equations, k_j of the others]``."""
    tensor = np.ones((1, len(forms[0])), dtype=complex)
    for j, form in enumerate(forms):
        if j != own:
            tensor = tensor[..., None] * form.reshape((1, len(form)) + (1,) * (tensor.ndim - 2) + (-1,))
    return tensor


def _contracted(tensor: Complex, parts: list[Complex], kept: int) -> Complex:
    """``tensor`` applied to all mixtures but one: ``[P, equations, k_kept]``."""
    value = np.moveaxis(tensor, 2 + kept, 2)
    for part in reversed([p for j, p in enumerate(parts) if j != kept]):
        value = (value @ part.reshape((len(part),) + (1,) * (value.ndim - 3) + (-1, 1)))[..., 0]
    return value


def _applied(slope: Complex, part: Complex) -> Complex:
    return (slope @ part[..., None])[..., 0]


def _turn(rng: np.random.Generator, *shape: int) -> Complex:
    """Complex numbers that no game expects."""
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)

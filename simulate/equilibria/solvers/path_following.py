"""Following a curve of solutions, D equations in D + 1 unknowns, round its turning points.

Conventions.  A point is flat, ``[D + 1]``, its last entry the parameter; ``equations`` maps it to values ``[D]`` and
their Jacobian ``[D, D + 1]``.  Euler predicts along the tangent, Newton's method with the Moore-Penrose inverse
corrects (Allgower and Georg 1990, Numerical Continuation Methods, chapters 3 and 6).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from simulate.empirical.normal_form import Array

CLOSE = 1e-12  # of the point's size: what is left of the equations is then rounding
CORRECTIONS = 6  # Newton steps of one corrector; a prediction that needs more was too far off
STRAIGHT = 0.95  # least cosine between the tangents at the ends of an arc
FIRST = 0.1  # length of the first arc; the following ones find their own
CROSSING = 1e-5  # of the point's size: an arc as short that still reverses the orientation spans a bifurcation
SHORTEST = 1e-9  # of the point's size: rounding decides the direction of shorter arcs

Equations = Callable[[Array], tuple[Array, Array]]


@dataclass(frozen=True)
class Place:
    """A point of the curve, where it leads, and which sign of the determinant leads there."""

    point: Array  # [D + 1]
    heading: Array  # [D + 1], a unit vector
    side: float  # 1 or -1

    @property
    def size(self) -> float:
        """A scale for lengths."""
        return 1 + float(np.linalg.norm(self.point))


def follow(equations: Equations, start: Array, targets: Sequence[float], steps: int) -> tuple[list[Array], str | None]:
    """The points at which the curve from ``start`` first has each parameter, and in a sentence why some are missing.

    ``targets`` increase and lie above the start's parameter; at most ``steps`` arcs are tried.
    """
    here, arc, found = _started(equations, start), FIRST, list[Array]()
    for _ in range(steps):
        ahead = _stepped(equations, here, arc)
        landed = None if ahead is None else _landed(equations, here, ahead, targets[len(found) :])
        if ahead is None or landed is None:
            arc /= 2
            if arc < SHORTEST * here.size:
                return found, "the path could not be followed further"
            continue
        found += landed
        if len(found) == len(targets):
            return found, None
        here, arc = ahead, 2 * arc
    return found, f"the path was left after {steps} steps"


def _started(equations: Equations, start: Array) -> Place:
    heading = _tangent(equations, start, 1.0)
    side = 1.0 if heading[-1] >= 0 else -1.0
    return Place(start, side * heading, side)


def _stepped(equations: Equations, here: Place, arc: float) -> Place | None:
    """One arc further, unless that arc is too long.

    Along a smooth curve det [Jacobian; tangent] keeps its sign, so a corrector that landed on a neighbouring branch
    finds its tangent reversed; so does one that went straight over a bifurcation, but on the shortest arcs as well.
    """
    point = _corrected(equations, here.point + arc * here.heading, len(here.point))
    if point is None:
        return None
    heading = _tangent(equations, point, here.side)
    if heading @ here.heading < -STRAIGHT and arc < CROSSING * here.size:
        return Place(point, -heading, -here.side)
    return Place(point, heading, here.side) if heading @ here.heading >= STRAIGHT else None


def _landed(equations: Equations, here: Place, ahead: Place, targets: Sequence[float]) -> list[Array] | None:
    """The points between two places at which the parameter is a target; None where they cannot be made out."""
    arc = ahead.point - here.point
    landed = []
    for target in targets:
        if target > ahead.point[-1]:
            break
        guess = here.point + (target - here.point[-1]) / arc[-1] * arc
        guess[-1] = target
        point = _corrected(equations, guess, len(arc) - 1)
        if point is None or np.linalg.norm(point - guess) > np.linalg.norm(arc):
            return None
        polished = _corrected(equations, point, len(arc) - 1)
        landed.append(point if polished is None else polished)
    return landed


def _corrected(equations: Equations, point: Array, free: int) -> Array | None:
    """The nearest solution if only the first ``free`` entries may move; None where Newton's method is slow."""
    for _ in range(CORRECTIONS):
        values, jacobian = equations(point)
        step = np.linalg.lstsq(jacobian[:, :free], -values, rcond=None)[0]
        point = np.concatenate([point[:free] + step, point[free:]])
        if np.linalg.norm(values) <= CLOSE * (1 + np.linalg.norm(point)):
            return point
        if not np.isfinite(point).all():
            return None
    return None


def _tangent(equations: Equations, point: Array, side: float) -> Array:
    """The unit vector that the Jacobian maps to 0, so that det [Jacobian; vector] has the sign of ``side``."""
    jacobian = equations(point)[1]
    vector = np.linalg.qr(jacobian.T, mode="complete")[0][:, -1]
    sign = float(np.linalg.slogdet(np.vstack([jacobian, vector]))[0])
    return vector * side * (sign or 1.0)  # 0 only at a bifurcation itself

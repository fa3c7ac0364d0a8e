"""Where a dynamic rests: points of no velocity, how stable each is, and how far from Nash."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from simulate.dynamics.base import Dynamic
from simulate.dynamics.populations import Populations
from simulate.dynamics.replicator import Replicator
from simulate.empirical.normal_form import Array, NormalForm, Profile
from simulate.empirical.regret import regrets

STEP = 1e-5  # of central differences on shares: exact for replicator up to rounding, 1e-11 of the span
ROOT = 1e-15  # velocity, in the dynamic's unit, that Newton's method stops at: rounding
REST = 1e-9  # velocity that counts as none: what Newton's method leaves is below 1e-14, half-way points are above
ABSENT = 1e-12  # a share that is rounding
SAME = 1e-6  # shares closer than this are one point
FLAT = 1e-5  # eigenvalues, in the dynamic's unit, that count as 0: a double zero is off by the root of 1e-11
ROUNDS = 40  # of Newton's method: quadratic near a simple root; a root of order two gains a factor of two a round
MOST_FACES = 1000  # beyond them corners and random faces are searched, and of mixed equilibria many are missed


@dataclass(frozen=True)
class RestPoint:
    """A point of no velocity."""

    profile: Profile  # one mixture a player
    kind: str  # sink, source, saddle, centre, unstable, degenerate; or kinked, where eigenvalues say nothing
    eigenvalues: Array  # [D - populations], complex, of the Jacobian on the tangent space; empty where kinked
    regrets: Array  # [n]; at a rest point that is not Nash some are above 0
    velocity: float  # the largest left


@dataclass(frozen=True)
class RestPoints:
    """The rest points that were found, those of least regret first."""

    points: tuple[RestPoint, ...]
    stopped: str | None = None  # one sentence, if not every face was searched


def rest_points(
    dynamic: Dynamic, game: NormalForm, starts: int = 64, seed: int = 0, symmetric: bool = False
) -> RestPoints:
    """Newton's method from the middle of every face of the simplices, and ``starts`` times from inside and from a face.

    Dynamics that are not smooth rest at Nash equilibria only, which are rest points of the replicator: its are found
    and those kept where the dynamic's own velocity is 0.  Kinds are by the eigenvalues of the Jacobian restricted
    to the tangent space: all real parts negative (sink), all positive (source), both signs (saddle), none but
    imaginary ones (centre); where some are 0, some positive (unstable) or none (degenerate: the matter is open).
    Of a continuum a sample is found, and nothing proves that the list is complete.

    >>> dilemma = NormalForm.of([[[-2, -10], [0, -5]], [[-2, 0], [-10, -5]]])
    >>> [(point.kind, float(point.regrets.max())) for point in rest_points(Replicator(), dilemma).points]
    [('sink', 0.0), ('source', 2.0), ('saddle', 5.0), ('saddle', 5.0)]
    """
    space = Populations(game, symmetric)
    rng = np.random.default_rng(seed)
    faces, stopped = _middles(space, rng)
    supports = np.concatenate([np.ones((starts, sum(space.sizes))), _random_faces(space, starts, rng)])
    drawn = _even(space, supports * rng.exponential(size=supports.shape))
    roots = polished(dynamic, space, np.concatenate([faces, drawn]))
    kept = _distinct(roots[resting(dynamic, space, roots)])
    points = [_described(dynamic, space, flat) for flat in kept]
    # Rounded, so that equilibria stay in the order of the faces they were found on.
    points.sort(key=lambda point: round(float(point.regrets.max()) / (REST * space.scale)))
    return RestPoints(tuple(points), stopped)


def polished(dynamic: Dynamic, space: Populations, flat: Array) -> Array:
    """Newton's method on the velocity along the tangent space, from flat states ``[C, D]``.

    On the replicator's velocity where the dynamic's own is not smooth.  Steps are shortened or dropped where they do
    not help, and of least norm, so that of a continuum of rest points the nearest is approached.
    """
    dynamic = dynamic if dynamic.smooth else Replicator()
    flat, going = flat.copy(), np.arange(len(flat))
    for _ in range(ROUNDS):
        flat[going] = _newton(dynamic, space, flat[going])
        going = going[np.abs(_velocity(dynamic, space, flat[going])).max(-1) > ROOT * space.unit(dynamic)]
        if not len(going):
            break
    return flat


def _newton(dynamic: Dynamic, space: Populations, flat: Array) -> Array:
    basis, velocity = tangent(space), _velocity(dynamic, space, flat)
    step = -np.einsum("de,cef,cf->cd", basis, np.linalg.pinv(jacobian(dynamic, space, flat)), velocity @ basis)
    step /= np.maximum(np.abs(step).max(-1, keepdims=True), 1.0)  # shares never differ by more than 1
    tried = np.stack([flat, *(flat + share * step for share in (1.0, 0.5, 0.1))])  # [4, C, D]
    left = np.abs(_velocity(dynamic, space, tried.reshape(-1, tried.shape[-1]))).max(-1).reshape(tried.shape[:2])
    return _even(space, np.take_along_axis(tried, left.argmin(0)[None, :, None], 0)[0])


def jacobian(dynamic: Dynamic, space: Populations, flat: Array) -> Array:
    """The derivative of the velocity along the tangent space, in its basis: ``[C, d, d]`` at flat states ``[C, D]``."""
    basis = tangent(space)
    moved = flat[None, :, None] + STEP * np.stack([basis.T, -basis.T])[:, None]  # [2, C, d, D]
    ahead, behind = _velocity(dynamic, space, moved.reshape(-1, moved.shape[-1])).reshape(moved.shape)
    derivative: Array = ((ahead - behind) / (2 * STEP) @ basis).swapaxes(-1, -2)
    return derivative


def tangent(space: Populations) -> Array:
    """An orthonormal basis ``[D, d]`` of the directions in which every population's shares keep their sum."""
    basis = np.zeros((sum(space.sizes), 0))
    for i, size in enumerate(space.sizes):
        block = np.linalg.qr(np.eye(size) - 1 / size)[0][:, : size - 1]
        basis = np.hstack([basis, np.pad(block, ((sum(space.sizes[:i]), sum(space.sizes[i + 1 :])), (0, 0)))])
    return basis


def kind_of(eigenvalues: Array, unit: float) -> str:
    """What the eigenvalues say of stability."""
    sign = np.where(np.abs(eigenvalues.real) <= FLAT * unit, 0, np.sign(eigenvalues.real))
    if (sign < 0).all():
        return "sink"
    if (sign > 0).all():
        return "source"
    if (sign < 0).any() and (sign > 0).any():
        return "saddle"
    if (sign > 0).any():
        return "unstable"
    return "centre" if (sign == 0).all() and (np.abs(eigenvalues.imag) > FLAT * unit).all() else "degenerate"


def _velocity(dynamic: Dynamic, space: Populations, flat: Array) -> Array:
    return space.flat(space.velocity(dynamic, space.state(flat)))


def resting(dynamic: Dynamic, space: Populations, flat: Array) -> NDArray[np.bool_]:
    """Which flat states ``[C, D]`` are on the simplices and have no velocity."""
    inside = np.isfinite(flat).all(-1) & (flat > -REST).all(-1)
    still = np.abs(_velocity(dynamic, space, flat)).max(-1) <= REST * space.unit(dynamic)
    return inside & still


def _described(dynamic: Dynamic, space: Populations, flat: Array) -> RestPoint:
    point, unit = _even(space, np.where(flat > ABSENT, flat, 0.0)[None]), space.unit(dynamic)
    eigenvalues = np.linalg.eigvals(jacobian(dynamic, space, point)[0]) if dynamic.smooth else np.zeros(0)
    profile = space.profile(space.state(point), 0)
    left = float(np.abs(_velocity(dynamic, space, point)).max())
    kind = kind_of(eigenvalues, unit) if dynamic.smooth else "kinked"
    return RestPoint(profile, kind, eigenvalues, regrets(space.game, profile), left)


def _distinct(flat: Array) -> Array:
    """One row of each group of equal ones, the first."""
    kept = flat[:0]
    for row in flat:
        if not (np.abs(kept - row).max(-1) <= SAME).any():
            kept = np.vstack([kept, row])
    return kept


def _middles(space: Populations, rng: np.random.Generator) -> tuple[Array, str | None]:
    """The middles of all faces; if there are more than `MOST_FACES`, of as many corners and as many random faces."""
    count = prod(2**size - 1 for size in space.sizes)
    if count > MOST_FACES:
        corners = list(itertools.islice(itertools.product(*map(np.eye, space.sizes)), MOST_FACES))
        drawn = _random_faces(space, MOST_FACES, rng)
        why = f"of {count} faces {len(corners)} corners of {prod(space.sizes)} and {MOST_FACES} at random were searched"
        return _even(space, np.concatenate([np.array([np.concatenate(c) for c in corners]), drawn])), why
    supports = [[s for s in itertools.product((1.0, 0.0), repeat=size) if any(s)] for size in space.sizes]
    return _even(space, np.array([np.concatenate(choice) for choice in itertools.product(*supports)])), None


def _random_faces(space: Populations, count: int, rng: np.random.Generator) -> Array:
    """Random supports ``[count, D]`` with at least one action each, and of about the same part of every population.

    For so are equilibria: of two players, unless there are ties, both mix equally many actions.
    """
    bar = rng.random((count, 1))
    picks = [rng.random((count, size)) for size in space.sizes]
    return np.hstack([(draw <= np.maximum(bar, draw.min(-1, keepdims=True))) * 1.0 for draw in picks])


def _even(space: Populations, flat: Array) -> Array:
    """Each population's part divided by its sum."""
    return space.flat(tuple(x / x.sum(-1, keepdims=True) for x in space.state(flat)))

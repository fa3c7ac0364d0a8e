"""Points with many coordinates on paper: the triangle of three responses, or the plane along which they vary most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

Points = NDArray[np.float64]

CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])


@dataclass(frozen=True)
class Plane:
    """``places`` takes points ``[N, D]`` to ``[N, 2]``; ``said`` is for the caption, ``frame`` draws axes."""

    places: Callable[[Points], Points]
    said: str
    frame: Callable[[Axes], None]


def plane_of(points: Points, three: bool) -> Plane:
    """For points ``[N, D]``; ``three`` if their coordinates are the three responses of one prompt."""
    if three and points.min() >= 0 and points.sum(1).min() > 0:
        return TRIANGLE
    return principal(points)


def _shares(points: Points) -> Points:
    return points @ CORNERS / points.sum(1, keepdims=True)


def _triangle(axes: Axes) -> None:
    axes.plot(*CORNERS[[0, 1, 2, 0]].T, color="#666666", linewidth=1, zorder=1)
    for k, (x, y) in enumerate(CORNERS):
        axes.annotate(
            f"response {k}", (x, y), (0, 6 if y else -6), textcoords="offset points", ha="center",
            va="bottom" if y else "top", fontsize=9,
        )  # fmt: skip
    axes.set(xlim=(-0.12, 1.12), ylim=(-0.12, 1.0))
    axes.set_aspect("equal")
    axes.set_axis_off()


TRIANGLE = Plane(
    _shares,
    "Its place in the triangle says how it is shared among the three responses (a corner: all for one), not its size.",
    _triangle,
)


def principal(points: Points) -> Plane:
    """The first two principal components: x - mean = U S V', a place is (x - mean) V, largest S first.

    Each component's largest coordinate is positive, so that the same points always give the same picture.
    """
    centre = points.mean(0)
    _, sizes, directions = np.linalg.svd(points - centre, full_matrices=False)
    first = directions[:2] * (sizes[:2, None] > 1e-9 * sizes[0])
    first = first * np.sign(first[np.arange(len(first)), np.abs(first).argmax(1)])[:, None]
    first = np.vstack([first, np.zeros((2 - len(first), points.shape[1]))])
    shares = np.append(sizes**2 / (sizes**2).sum(), 0.0)[:2]

    def axes_of(axes: Axes) -> None:
        for side, share in zip("xy", shares, strict=True):
            axes.set(**{f"{side}label": f"component {'xy'.index(side) + 1} ({share:.0%})"})
        if shares[1] < 1e-9:
            axes.set_ylim(-1, 1)

    said = (
        "Its place is that in the plane along which the points drawn vary most (two principal components, common to "
        f"all panels: {shares[0]:.0%} and {shares[1]:.0%} of their variance)."
    )
    return Plane(lambda some: (some - centre) @ first.T, said, axes_of)

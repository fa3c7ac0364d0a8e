"""What the dashboard draws, round by round: one line here is one more picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Panel:
    """``column`` of the history: one line an agent, or one for the market."""

    title: str
    column: str
    axis: str


PANELS: dict[str, Panel] = {
    "lies": Panel("How large are the lies?", "report_distance", "report distance"),
    "welfare_loss": Panel("What do they cost society?", "welfare_loss", "welfare loss"),
    "payments": Panel("Who pays?", "payment", "payment"),
    "utilities": Panel("Who gains?", "utility", "utility"),
}

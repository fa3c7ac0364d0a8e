"""Catalogue of built-in games on open text: the same data as a game file holds."""

from typing import Any

from simulate.fine_tuning.games.two_letters import two_letters
from simulate.fine_tuning.games.two_tones import two_tones

OPEN_TEXT: dict[str, dict[str, Any]] = {
    "two_tones": two_tones,
    "two_letters": two_letters,
}

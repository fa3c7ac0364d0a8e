"""A text in pieces: quoted labels, braces, and words between them, as in Gambit's files."""

from __future__ import annotations

import re
from dataclasses import dataclass

from simulate.errors import BadInput, shorten

PIECE = re.compile(r'"((?:[^"\\]|\\.)*)"|([{}])|([^\s{},"]+)|(")', re.DOTALL)


@dataclass(frozen=True)
class Label:
    """What stood in quotation marks."""

    text: str


Piece = Label | str


@dataclass
class Pieces:
    """A text in pieces, read from the left; commas and white space only separate."""

    all: list[Piece]
    place: int = 0

    @classmethod
    def of(cls, text: str) -> Pieces:
        """Raises BadInput if a quotation mark is not closed."""
        return cls([_piece(*found.groups()) for found in PIECE.finditer(text)])

    @property
    def rest(self) -> list[Piece]:
        """What has not been read."""
        return self.all[self.place :]

    def peek(self) -> Piece | None:
        """The next piece, None at the end."""
        return self.all[self.place] if self.place < len(self.all) else None

    def take(self, what: str) -> Piece:
        """The next piece, which ought to be ``what``."""
        piece = self.peek()
        if piece is None:
            raise BadInput(f"ends where {what} is expected")
        self.place += 1
        return piece

    def expect(self, piece: str) -> None:
        """Skips ``piece``."""
        found = self.take(repr(piece))
        if found != piece:
            raise unexpected(found, repr(piece))

    def label(self, what: str) -> str:
        """A text in quotation marks."""
        return text(self.take(what), what)

    def listed(self) -> list[Piece]:
        """The pieces between this brace and the one that closes it; there must be no brace within."""
        self.expect("{")
        pieces: list[Piece] = []
        while (piece := self.take("'}'")) != "}":
            if piece == "{":
                raise unexpected(piece, "a number or a text")
            pieces.append(piece)
        return pieces


def text(piece: Piece, what: str) -> str:
    """What stands in quotation marks."""
    if not isinstance(piece, Label):
        raise unexpected(piece, f"{what} in quotation marks")
    return piece.text


def quoted(label: str) -> str:
    """``label`` in quotation marks."""
    return '"' + label.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unexpected(piece: Piece, what: str) -> BadInput:
    """The sentence that names the piece and what should stand there."""
    return BadInput(f"{shorten(piece.text if isinstance(piece, Label) else piece)} stands where {what} is expected")


def _piece(label: str | None, brace: str | None, word: str | None, stray: str | None) -> Piece:
    if stray is not None:
        raise BadInput("a quotation mark is not closed")
    return Label(re.sub(r"\\(.)", r"\1", label, flags=re.DOTALL)) if label is not None else str(brace or word)

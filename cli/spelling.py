"""What was typed wrongly, in words for people: the libraries' sentences without their jargon, and
the value that was most likely meant.
"""

from __future__ import annotations

import re
from typing import Any, Final

import typer
from typer.core import TyperGroup

from config.words import nearest

_CHOICE: Final = re.compile(r"'(?P<word>[^']*)' is not one of (?P<known>'.*')\.")


def reworded(message: str) -> str:
    """The sentence about a value of an option."""
    said = message.removeprefix("Value error, ")
    if found := _CHOICE.fullmatch(said):
        known = found["known"][1:-1].split("', '")
        return said.rstrip(".") + nearest(found["word"], known)
    return said


class Commands(TyperGroup):
    """Commands whose options complain so."""

    def invoke(self, ctx: Any) -> Any:
        """Run what was typed; its options are read here."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = reworded(error.message)
            raise

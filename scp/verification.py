"""Verification, PS3.4 Annex A."""

from __future__ import annotations

from scp.exchange import Exchange
from scp.statuses import Status


def echo(exchange: Exchange) -> None:
    """Answer C-ECHO."""
    exchange.answer(Status.SUCCESS)

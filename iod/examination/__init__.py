"""Stored objects examined: what they refer to, by processes of their own that can do no harm."""

from iod.examination.process import File, Outcome, Process

__all__ = ["File", "Outcome", "Process"]

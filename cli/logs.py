"""What the node says on standard error: one line per record, as text or JSON.

Law: a record is one line whatever is in it, control characters are spelled out, and warnings of
libraries, which quote values of objects, are heard at level debug only: no patient data above it.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Final

from cli.show import plain
from config.settings import Log

LIBRARIES: Final = ("pydicom", "pynetdicom", "peewee", "py.warnings")


class TextFormatter(logging.Formatter):
    """`2024-01-31T10:11:12.345Z WARNING anode.policy: ...`"""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line = f"{_time(record)} {record.levelname} {record.name}: {_message(record)}"
        return plain(f"{line} | {trace}" if (trace := self._trace(record)) else line)

    def _trace(self, record: logging.LogRecord) -> str:
        return self.formatException(record.exc_info) if record.exc_info else ""


class JsonFormatter(logging.Formatter):
    """One JSON object to a line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        values = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "thread": record.threadName,
            "message": _message(record),
        }
        if record.exc_info:
            values["traceback"] = self.formatException(record.exc_info)
        return json.dumps(values)


def begin(log: Log) -> None:
    """Log as the configuration says."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if log.format == "json" else TextFormatter())
    level = logging.getLevelNamesMapping()[log.level.upper()]
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.captureWarnings(True)
    for name in LIBRARIES:
        heard = level if log.level == "debug" else logging.CRITICAL
        logging.getLogger(name).setLevel(heard)


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return f"{record.msg} {record.args}"

"""A look at what ends, at start and once a day: certificates, CAs, CRLs (tls.md, "Rotation")."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from config import expiry
from config.errors import ConfigError
from config.settings import Settings

_log = logging.getLogger("anode.watch")
DAY_SECONDS = 86_400.0


class Watch:
    """Looks now and every so many seconds until it is stopped."""

    def __init__(self, settings: Callable[[], Settings], every: float = DAY_SECONDS) -> None:
        self._settings = settings
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="watch", daemon=True)

    def start(self) -> None:
        """Look at once, then daily."""
        warn(self._settings())
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _look_on(self) -> None:
        while not self._over.wait(self._every):
            warn(self._settings())


def warn(settings: Settings) -> None:
    """Warn of what ends soon; an error a week before, and when it has ended."""
    try:
        found = expiry.expiries(settings)
    except ConfigError as error:
        _log.error("%s", error)
        return
    for each in found:
        if each.days_left < expiry.NOW_DAYS:
            _log.error("%s", each)
        elif each.days_left < expiry.SOON_DAYS:
            _log.warning("%s", each)

"""What tests over TLS have in common: listeners, our client, one that can do everything, the log.

with node(tmp_path, listener=(listener("rfc9325", ca, own),)) as serving:
    echo(called(serving, "rfc9325", ca, person), CALLER)
"""

from __future__ import annotations

import logging
import re
import ssl
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from config import contexts
from config.certificates import Credentials
from config.profiles import PROFILES
from config.settings import Listener
from scp.node import Node
from scu.associate import Target
from tests.certificates import Authority, Issued
from tests.nodes import HERE

PATIENCE = 30.0
NAMES = list(PROFILES)
ALL = pytest.mark.parametrize("profile", PROFILES)


def listener(profile: str, ca: Authority, own: Issued, **keys: Any) -> Listener:
    """A TLS listener on a free port; clients need a certificate of `ca`."""
    files = {"certificate": own.certificate, "key": own.key, "ca": ca.certificate}
    return Listener(**{"host": HERE, "port": 0, "tls": profile, **files, **keys})


def credentials(one: Issued | None, ca: Authority) -> Credentials:
    """Who one is, and that `ca` is believed."""
    return Credentials(one and one.certificate, one and one.key, ca.certificate)


def called(
    serving: Node,
    profile: str,
    ca: Authority,
    one: Issued | None = None,
    *,
    number: int = 0,
    host: str = HERE,
) -> Target:
    """The node as a client of this profile calls it, with a certificate or without."""
    context = contexts.client(PROFILES[profile], credentials(one, ca))
    return at(serving, contexts.to(context, host), number=number, host=host)


def at(serving: Node, secure: contexts.Secure, *, number: int = 0, host: str = HERE) -> Target:
    """One of the node's listeners."""
    return Target(serving.settings.node.ae_title, host, serving.addresses[number][1], secure)


def anything(
    ca: Authority,
    one: Issued | None = None,
    *,
    version: ssl.TLSVersion | None = None,
    suites: str = "ALL",
) -> ssl.SSLContext:
    """A client without a profile, that can do everything OpenSSL can."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers(f"{suites}:@SECLEVEL=0")
    context.load_verify_locations(ca.certificate)
    if one:
        context.load_cert_chain(one.certificate, one.key)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = version or ssl.TLSVersion.TLSv1
        context.maximum_version = version or ssl.TLSVersion.MAXIMUM_SUPPORTED
    return context


@contextmanager
def logged(caplog: pytest.LogCaptureFixture, words: str) -> Iterator[None]:
    """The log says so during the block, or soon after it."""
    with caplog.at_level(logging.INFO):
        yield
        deadline = time.monotonic() + PATIENCE
        while not re.search(words, caplog.text) and time.monotonic() < deadline:
            threading.Event().wait(0.01)
    assert re.search(words, caplog.text), caplog.text

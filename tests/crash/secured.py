"""The same site with a TLS listener beside the plain one: every second sender comes by it."""

from __future__ import annotations

from dataclasses import replace

from config import contexts
from config.certificates import Credentials
from config.profiles import PROFILES
from tests.certificates import Authority
from tests.crash.serving import Site

PROFILE = "non-downgrading"


def secured(site: Site, authority: Authority) -> Site:
    """With certificates of this authority for both sides."""
    node, sender = authority.issue("node"), authority.issue("sender")
    ours = Credentials(sender.certificate, sender.key, authority.certificate)
    secure = contexts.to(contexts.client(PROFILES[PROFILE], ours), "127.0.0.1")
    tables = (
        f'[[listener]]\nport = 0\ntls = "{PROFILE}"\ncertificate = "{node.certificate}"\n'
        f'key = "{node.key}"\nca = "{authority.certificate}"\n'
    )
    return replace(site, secure=secure, tables=site.tables + tables)

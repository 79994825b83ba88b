"""[audit]: what becomes of the audit trail of PS3.15 A.5, and the sinks it is sent to."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from config import addresses
from config.certificates import Credentials
from config.tables import FilePath, Port, Table
from config.words import TlsProfile

GIB = 1 << 30
# RFC 5425 4.1, RFC 5426 3.3; over TCP there is no port of its own (RFC 6587), and 514 is usual.
PORTS = {"tls": 6514, "tcp": 514, "udp": 514}


def _named(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError(f"must be a name of printable characters, not {value!r}")
    return value


Name = Annotated[str, Field(max_length=128), AfterValidator(_named)]


class Sink(Table):
    """[[audit.sink]]: a syslog receiver."""

    host: Annotated[str, AfterValidator(addresses.host)]
    port: Port | None = None
    transport: Literal["tls", "tcp", "udp"] = "tls"
    tls: TlsProfile = "rfc9325"
    ca: FilePath | None = None
    certificate: FilePath | None = None
    key: FilePath | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self.host, self.port or PORTS[self.transport]

    @property
    def name(self) -> str:
        """What the log and the cursor call it."""
        host, port = self.address
        return f"{self.transport}-{host}-{port}"

    @property
    def credentials(self) -> Credentials:
        """Who we are to it, and whom we believe."""
        return Credentials(self.certificate, self.key, self.ca)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.transport != "tls":
            for key in ("tls", "ca", "certificate", "key"):
                if key in self.model_fields_set:
                    raise ValueError(f'{key} means nothing with transport = "{self.transport}"')
        elif self.ca is None:
            raise ValueError("transport over TLS needs a ca to know the receiver by; name the file")
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together; name both files in PEM, or neither")
        return self


class Audit(Table):
    """[audit]: the audit trail."""

    enabled: bool = True
    source: Name | None = None
    site: Name | None = None
    keep_days: int = Field(365, strict=True, ge=1, le=36500)
    spool_bytes: int = Field(GIB, strict=True, ge=1 << 16)
    when_full: Literal["drop", "refuse"] = "drop"
    sink: tuple[Sink, ...] = ()

    @model_validator(mode="after")
    def _sinks(self) -> Self:
        names = [sink.name for sink in self.sink]
        for number, name in enumerate(names, 1):
            if name in names[: number - 1]:
                raise ValueError(f"sink {number}: {name} is there already; keep one entry")
        return self

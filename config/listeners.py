"""[[listener]]: where we answer, plain or by a TLS profile, and what a caller has to show there."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from config import addresses
from config.certificates import Credentials
from config.tables import FilePath, ListeningPort, Table
from config.words import TlsProfile

UserIdentity = Literal["none", "optional", "required"]


class Listener(Table):
    """[[listener]]: one address we answer on; port 0 is any free one."""

    host: Annotated[str, AfterValidator(addresses.host)] = "127.0.0.1"
    port: ListeningPort = 11112
    tls: TlsProfile | None = None
    certificate: FilePath | None = None
    key: FilePath | None = None
    ca: FilePath | None = None
    client_certificate: Literal["required", "optional", "none"] = "required"
    crl: FilePath | None = None
    user_identity: UserIdentity = "none"

    @property
    def credentials(self) -> Credentials:
        """Who we are here, and whom we believe."""
        return Credentials(self.certificate, self.key, self.ca, self.crl)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.tls is None:
            for key in ("certificate", "key", "ca", "client_certificate", "crl"):
                if key in self.model_fields_set:
                    raise ValueError(f"{key} means nothing without tls; remove it")
            return self
        if self.certificate is None or self.key is None:
            raise ValueError("tls needs a certificate and its key, both files in PEM")
        if self.ca is None and self.client_certificate != "none":
            raise ValueError(
                "tls needs a ca to know clients by their certificates; name the file, or say "
                'client_certificate = "none" if anybody may connect'
            )
        if self.ca is None and self.crl is not None:
            raise ValueError("crl means nothing without the ca that issued it")
        return self

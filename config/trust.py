"""One handshake of our own OpenSSL with a server that is looked at: is its certificate believed?

Law: whatever OpenSSL can do is allowed here, because no DICOM is ever sent; calls that carry some
are made by `config.contexts`.
"""

import contextlib
import ssl
import warnings
from dataclasses import dataclass
from socket import SHUT_WR, socket
from typing import Any

from config import certificates
from config.certificates import Credentials
from config.errors import ConfigError
from config.profiles import Version


@dataclass(frozen=True, slots=True)
class Shaken:
    """What became of it: the certificate in DER, and in words why one side did not go on.

    `distrust` is empty when the certificate is believed, `refusal` when the server goes on with us;
    each is None when it did not come to that.
    """

    certificate: bytes = b""
    distrust: str | None = None
    refusal: str | None = None


Context = ssl.SSLContext
_LEGACY_SERVER_CONNECT = 0x4  # ssl.OP_LEGACY_SERVER_CONNECT, which Python 3.12 names


def suites() -> frozenset[str]:
    """The suites this OpenSSL has, of every age."""
    listed: list[Any] = context(Credentials()).get_ciphers()
    return frozenset(each["name"] for each in listed)


def context(
    credentials: Credentials, *, believed: bytes = b"", newest: Version = "TLSv1.3"
) -> Context:
    """A context that speaks anything; raises ConfigError.

    The server's certificate is checked if there is a CA, or `believed`, a certificate in DER that
    is taken for one of a CA.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.options |= _LEGACY_SERVER_CONNECT
    made.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0 and 1.1 are meant
        made.minimum_version = ssl.TLSVersion.TLSv1
        made.maximum_version = ssl.TLSVersion[newest.replace(".", "_")]
    if credentials.ca is None and not believed:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    elif credentials.ca is None:
        made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        made.load_verify_locations(cadata=believed)
    _equip(made, credentials)
    return made


def _equip(made: Context, credentials: Credentials) -> None:
    given, key, ca = credentials.certificate, credentials.key, credentials.ca
    try:
        if ca is not None:
            made.load_verify_locations(ca)
    except OSError as error:
        raise ConfigError(f"{ca} holds no CA to believe: {_reason(error)}") from None
    certificates.keyed(credentials)
    try:
        if given is not None:
            made.load_cert_chain(given, key, lambda: "")
    except OSError as error:
        raise ConfigError(
            f"{given} cannot be used with {key}: {certificates.unreadable(error)}"
        ) from None


def shake(sock: socket, host: str, made: Context) -> Shaken:
    """The handshake, and what the server has to say to it; raises TimeoutError, of the socket's.

    In TLS 1.3 it learns only at the end who we are (RFC 8446 4.4.2.4), so it is given the chance
    to object: our end is closed, and it says why not or closes too.
    """
    shown = b""
    with sock.dup() as spare:
        try:
            with made.wrap_socket(sock, server_hostname=host) as secured:
                shown = secured.getpeercert(binary_form=True) or b""
                # A server that objects may be gone already; its alert is still there to be read.
                with contextlib.suppress(OSError):
                    spare.shutdown(SHUT_WR)
                secured.recv(1)
        except ssl.SSLCertVerificationError as error:
            return Shaken(distrust=error.verify_message)  # before the server has judged us
        except TimeoutError:
            raise
        except OSError as error:
            # What the server objects to comes after what we do.
            judged = shown or (isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or ""))
            refusal = "" if shown and _quiet(error) else _reason(error)
            return Shaken(shown, distrust="" if judged else None, refusal=refusal)
        finally:
            sock.close()
    return Shaken(shown, distrust="", refusal="")


def _quiet(error: OSError) -> bool:
    """Whether, after a handshake, this is only what our closed end calls forth."""
    if isinstance(error, ssl.SSLEOFError):
        return True
    return isinstance(error, ssl.SSLError) and "DECODE_ERROR" in (error.reason or "")


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    return error.strerror or str(error)

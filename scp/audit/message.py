"""An event as one AuditMessage, PS3.15 A.5.1: one line of UTF-8 XML, without its declaration.

Law: it validates against the published schema whatever the event holds. Text is cut to a length,
and what XML cannot hold (control characters, PS3.5 6.1.3) becomes a space or a question mark.
"""

from __future__ import annotations

import ipaddress
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

from scp.audit.codes import Code
from scp.audit.events import Event, Participant, Thing

LONGEST_TEXT = 256  # characters of a name or an identifier
LONGEST_WHY = 512  # of a description in words
LONGEST_QUERY = 4096  # bytes of an identifier; base64 and the rest stay below 8 KB (RFC 5425 4.3.1)

APPLICATION_SERVER = "4"  # AuditSourceTypeCode, A.5.1.2.1
_BLANK = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_ILLEGAL = re.compile("[\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who we are in every message: this process, and the audit source it speaks for."""

    process: str  # as in our log and in PROCID: A.5.2.1
    ae_titles: tuple[str, ...]
    host: str
    source: str
    site: str = ""


def text(event: Event, reporter: Reporter) -> str:
    """The message."""
    parts = [
        "<AuditMessage>",
        *_identification(event),
        *(part for each in event.participants for part in _participant(each, reporter)),
        _source(reporter),
        *(part for each in event.things for part in _thing(each)),
        "</AuditMessage>",
    ]
    return "".join(parts)


def _clean(value: str, most: int = LONGEST_TEXT) -> str:
    """For an element or a quoted attribute; one line, as `token` has it."""
    legal = _ILLEGAL.sub("?", _BLANK.sub(" ", value[: most + 1])).strip(" ")
    if len(legal) > most:
        legal = legal[: most - 1] + "…"
    return escape(legal, {'"': "&quot;"})


def _coded(element: str, code: Code) -> str:
    return (
        f'<{element} csd-code="{code.value}" codeSystemName="{code.scheme}"'
        f' originalText="{code.words}"/>'
    )


def _identification(event: Event) -> Iterator[str]:
    when = event.when.isoformat(timespec="milliseconds")
    yield (
        f'<EventIdentification EventActionCode="{event.action}" EventDateTime="{when}"'
        f' EventOutcomeIndicator="{event.outcome.value}">'
    )
    yield _coded("EventID", event.what)
    if event.kind is not None:
        yield _coded("EventTypeCode", event.kind)
    if event.why:
        why = _clean(event.why, LONGEST_WHY)
        yield f"<EventOutcomeDescription>{why}</EventOutcomeDescription>"
    yield "</EventIdentification>"


def _participant(one: Participant, reporter: Reporter) -> Iterator[str]:
    ours = not one.user
    user = reporter.process if ours else one.user
    titles = one.titles or (reporter.ae_titles if ours else ())
    name = "anode" if ours else one.name
    address = reporter.host if ours else one.address
    yield f'<ActiveParticipant UserID="{_clean(user)}"'
    if titles:
        # A.5.2.2: aetitle1;aetitle2
        yield f' AlternativeUserID="AETITLES={_clean(";".join(titles))}"'
    if name:
        yield f' UserName="{_clean(name)}"'
    yield f' UserIsRequestor="{"true" if one.requestor else "false"}"'
    if address:
        kind = "2" if _is_ip(address) else "1"
        yield f' NetworkAccessPointID="{_clean(address)}" NetworkAccessPointTypeCode="{kind}"'
    yield ">"
    yield from (_coded("RoleIDCode", role) for role in one.roles)
    if one.media is not None:
        yield f"<MediaIdentifier>{_coded('MediaType', one.media)}</MediaIdentifier>"
    yield "</ActiveParticipant>"


def _source(reporter: Reporter) -> str:
    site = f' AuditEnterpriseSiteID="{_clean(reporter.site)}"' if reporter.site else ""
    return (
        f'<AuditSourceIdentification{site} AuditSourceID="{_clean(reporter.source)}">'
        f'<AuditSourceTypeCode csd-code="{APPLICATION_SERVER}"/></AuditSourceIdentification>'
    )


def _thing(one: Thing) -> Iterator[str]:
    role = f' ParticipantObjectTypeCodeRole="{one.role}"' if one.role else ""
    yield (
        f'<ParticipantObjectIdentification ParticipantObjectID="{_clean(one.identifier)}"'
        f' ParticipantObjectTypeCode="{one.type}"{role}>'
    )
    yield _coded("ParticipantObjectIDTypeCode", one.kind)
    details = one.details
    if one.query is None:  # the schema wants one of the two
        yield f"<ParticipantObjectName>{_clean(one.name)}</ParticipantObjectName>"
    else:
        kept = one.query[:LONGEST_QUERY]
        yield f"<ParticipantObjectQuery>{_base64(kept)}</ParticipantObjectQuery>"
        if len(kept) < len(one.query):
            details += (("CutFromBytes", str(len(one.query)).encode()),)
    for name, value in details:
        # A.5.1: the value of a pair is always base64
        yield f'<ParticipantObjectDetail type="{name}" value="{_base64(value)}"/>'
    if one.classes:
        counted = "".join(
            f'<SOPClass UID="{_clean(uid)}" NumberOfInstances="{count}"/>'
            for uid, count in one.classes.items()
        )
        yield f"<ParticipantObjectDescription>{counted}</ParticipantObjectDescription>"
    yield "</ParticipantObjectIdentification>"


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode("ascii")


def _is_ip(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True

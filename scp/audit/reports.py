"""The messages of PS3.15 A.5.3, one function each: what is known of an event → the event.

trail.record(reports.rejected(entry.address, calling, called, cause))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from archive.record import Subject
from scp.audit import codes
from scp.audit.codes import Code
from scp.audit.events import UNKNOWN, Event, Node, Outcome, Participant, Thing, now, us
from scp.audit.message import LONGEST_WHY

Classes = Mapping[str, int]
"""SOP class to how many instances."""
Parties = tuple[Participant, ...]
Things = tuple[Thing, ...]

MOST_CLASSES = 16  # in one message, which is to stay below 4 KB
_ALERT_DESCRIPTION = "Alert Description"


# -- the application, A.5.3.1 and A.5.3.9 ------------------------------------------------------


def started() -> Event:
    """The node serves."""
    return _activity(codes.APPLICATION_START)


def stopped() -> Event:
    """The node ends."""
    return _activity(codes.APPLICATION_STOP)


def _activity(kind: Code) -> Event:
    return Event(codes.APPLICATION_ACTIVITY, "E", (us(codes.APPLICATION),), kind)


def attached(detached: bool = False) -> Event:
    """We come onto the network, or leave it; nobody asked for that."""
    kind = codes.DETACH if detached else codes.ATTACH
    return Event(codes.NETWORK_ENTRY, "E", (us(),), kind)


def log_read(reader: str, uri: str) -> Event:
    """Somebody looked into the audit trail, A.5.3.2."""
    log = Thing(uri, codes.URI, role="13", name="Security Audit Log")
    return Event(codes.AUDIT_LOG_USED, "R", (_person(reader),), things=(log,))


# -- objects on their way, A.5.3.3 and A.5.3.7 ---------------------------------------------------


def begin(parties: Parties, things: Things) -> Event:
    """Instances of one study of one patient begin to be transferred."""
    return Event(codes.BEGIN_TRANSFERRING, "E", parties, things=things)


def transferred(
    parties: Parties, things: Things, *, action: str, when: datetime, failure: str = ""
) -> Event:
    """They have arrived, or failed to: action C, or R when held already or not ours to know."""
    what, outcome = codes.INSTANCES_TRANSFERRED, Outcome.MINOR if failure else Outcome.SUCCESS
    return Event(what, action, parties, things=things, outcome=outcome, why=failure, when=when)


def accessed(user: Participant, things: Things, action: str) -> Event:
    """Instances were looked at (R), altered (U) or deleted (D) here, A.5.3.6."""
    return Event(codes.INSTANCES_ACCESSED, action, (user,), things=things)


def study_deleted(user: Participant, things: Things) -> Event:
    """A whole study is gone, A.5.3.8."""
    return Event(codes.STUDY_DELETED, "D", (user,), things=things)


def instances(subject: Subject, classes: Classes) -> Things:
    """Study and patient; of objects that belong to nobody (PS3.4 GG) their SOP classes."""
    if subject.study_instance_uid:
        return (
            study(subject.study_instance_uid, classes),
            patient(subject.patient_id, subject.patient_name),
        )
    return tuple(
        Thing(uid, codes.SOP_CLASS_UID, role="3", name="Instances", classes={uid: count})
        for uid, count in classes.items()
    )


def portions(classes: Classes) -> Iterator[dict[str, int]]:
    """As many SOP classes as one message holds."""
    pairs = list(classes.items())
    for start in range(0, len(pairs), MOST_CLASSES):
        yield dict(pairs[start : start + MOST_CLASSES])


def study(uid: str, classes: Classes) -> Thing:
    """A study, and the SOP classes in question with their numbers of instances."""
    return Thing(uid, codes.STUDY_INSTANCE_UID, role="3", name="Study", classes=classes)


def patient(identifier: str, name: str) -> Thing:
    """A patient."""
    return Thing(identifier, codes.PATIENT_NUMBER, type="1", role="1", name=name)


# -- media, A.5.3.4 and A.5.3.5 ------------------------------------------------------------------


def exported(user: str, uri: str, things: Things) -> Event:
    """Objects left us for a folder, at this person's wish."""
    media = Participant(uri, roles=(codes.DESTINATION_MEDIA,), media=codes.MEDIA_URI)
    parties = (_person(user, codes.SOURCE), us(codes.SOURCE), media)
    return Event(codes.EXPORT, "R", parties, things=things)


def imported(user: str, uri: str, things: Things) -> Event:
    """Objects came to us from a folder or a medium, at this person's wish."""
    media = Participant(uri, roles=(codes.SOURCE_MEDIA,), media=codes.MEDIA_URI)
    parties = (_person(user, codes.DESTINATION), us(codes.DESTINATION), media)
    return Event(codes.IMPORT, "C", parties, things=things)


def _person(user: str, *roles: Code) -> Participant:
    return Participant(user or UNKNOWN, roles=roles, requestor=True)


# -- queries, A.5.3.10 ---------------------------------------------------------------------------


def query(parties: Parties, model: str, identifier: bytes, transfer_syntax: str) -> Event:
    """A C-FIND was asked: the model's UID, the data set as it came."""
    asked = Thing(
        model,
        codes.SOP_CLASS_UID,
        role="3",
        query=identifier,
        details=(("TransferSyntax", transfer_syntax.encode("ascii", "replace")),),
    )
    return Event(codes.QUERY, "E", parties, things=(asked,))


# -- security, A.5.3.11 and A.5.3.12 -------------------------------------------------------------


def rejected(address: object, calling: str, called: str, cause: str) -> Event:
    """An association was rejected: by whom it was asked for, of whom, and why it got none."""
    return _alert(
        codes.NODE_AUTHENTICATION,
        Node(calling, str(address)),
        f"association from {calling!r} to {called!r} rejected: {cause}",
    )


def tls_failed(address: object, cause: str) -> Event:
    """A connection came to no TLS session."""
    return _alert(codes.NODE_AUTHENTICATION, Node("", str(address)), f"no TLS session: {cause}")


def restricted(caller: Node, what: str) -> Event:
    """A peer asked for what it has no right to; it was refused."""
    return _alert(codes.RESTRICTED_FUNCTION, caller, what)


def identity(
    address: object, name: str, calling: str, refused: str = "", *, note: str = ""
) -> Event:
    """A user named itself in an association request; one refused, and why: a Login that failed."""
    person = Participant(
        name or UNKNOWN,
        titles=(calling,) if calling else (),
        address=str(address),
        requestor=True,
    )
    outcome, what = Outcome.MINOR if refused else Outcome.SUCCESS, codes.USER_AUTHENTICATION
    return Event(what, "E", (person, us()), codes.LOGIN, outcome=outcome, why=refused or note)


def reloaded(who: str, ok: bool, why: str = "") -> Event:
    """The configuration was read again, at `who`'s wish; a bad one leaves the old in force."""
    outcome = Outcome.SUCCESS if ok else Outcome.MINOR
    said = "configuration reloaded" if ok else "configuration not reloaded"
    subject = _subject("urn:anode:configuration", codes.URI, f"{said}{f': {why}' if why else ''}")
    parties = (us(requestor=not who), *((Participant(who),) if who else ()))
    kind = codes.SECURITY_CONFIGURATION
    return Event(
        codes.SECURITY_ALERT, "E", parties, kind, things=(subject,), outcome=outcome, why=why
    )


def recording(sink: str, what: str, *, stopped: bool, when: datetime | None = None) -> Event:
    """The trail itself: messages are lost to a sink or to the journal, or no longer."""
    kind = codes.RECORDING_STOPPED if stopped else codes.RECORDING_STARTED
    return Event(
        codes.SECURITY_ALERT,
        "E",
        (us(requestor=True),),
        kind,
        things=(_subject(sink, codes.URI, what),),
        outcome=Outcome.SERIOUS if stopped else Outcome.SUCCESS,
        when=when or now(),
    )


def _alert(kind: Code, subject: Node, what: str) -> Event:
    """Whatever it was, it was stopped: a serious failure, not a major one."""
    parties = (us(), subject.taking())
    things = (_subject(subject.address or subject.ae_title, codes.NODE_ID, what),)
    return Event(
        codes.SECURITY_ALERT, "E", parties, kind, things, outcome=Outcome.SERIOUS, why=what
    )


def described(alert: Event, what: str) -> Things:
    """The subject of an alert, if it has one, with another description."""
    subjects, others = alert.things[:1], alert.things[1:]
    return *(_subject(each.identifier, each.kind, what) for each in subjects), *others


def _subject(identifier: str, kind: Code, what: str) -> Thing:
    details = ((_ALERT_DESCRIPTION, what[:LONGEST_WHY].encode("utf-8", "replace")),)
    return Thing(identifier, kind, role="13", details=details)

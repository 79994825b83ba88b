"""The codes of audit messages, PS3.16 CID 400 to 405 and PS3.15 A.5.1.2.4, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Code:
    """A coded value; its words are sent as originalText, which the schema demands."""

    value: str
    words: str
    scheme: str = "DCM"


def _table(*codes: Code) -> Mapping[str, Code]:
    return {code.value: code for code in codes}


# CID 400: what happened (EventID)
APPLICATION_ACTIVITY: Final = Code("110100", "Application Activity")
AUDIT_LOG_USED: Final = Code("110101", "Audit Log Used")
BEGIN_TRANSFERRING: Final = Code("110102", "Begin Transferring DICOM Instances")
INSTANCES_ACCESSED: Final = Code("110103", "DICOM Instances Accessed")
INSTANCES_TRANSFERRED: Final = Code("110104", "DICOM Instances Transferred")
STUDY_DELETED: Final = Code("110105", "DICOM Study Deleted")
EXPORT: Final = Code("110106", "Export")
IMPORT: Final = Code("110107", "Import")
NETWORK_ENTRY: Final = Code("110108", "Network Entry")
QUERY: Final = Code("110112", "Query")
SECURITY_ALERT: Final = Code("110113", "Security Alert")
USER_AUTHENTICATION: Final = Code("110114", "User Authentication")
EVENTS: Final = _table(
    APPLICATION_ACTIVITY,
    AUDIT_LOG_USED,
    BEGIN_TRANSFERRING,
    INSTANCES_ACCESSED,
    INSTANCES_TRANSFERRED,
    STUDY_DELETED,
    EXPORT,
    IMPORT,
    NETWORK_ENTRY,
    QUERY,
    SECURITY_ALERT,
    USER_AUTHENTICATION,
)

# CID 403: of which kind (EventTypeCode)
APPLICATION_START: Final = Code("110120", "Application Start")
APPLICATION_STOP: Final = Code("110121", "Application Stop")
LOGIN: Final = Code("110122", "Login")
LOGOUT: Final = Code("110123", "Logout")
ATTACH: Final = Code("110124", "Attach")
DETACH: Final = Code("110125", "Detach")
NODE_AUTHENTICATION: Final = Code("110126", "Node Authentication")
NETWORK_CONFIGURATION: Final = Code("110128", "Network Configuration")
SECURITY_CONFIGURATION: Final = Code("110129", "Security Configuration")
RESTRICTED_FUNCTION: Final = Code("110132", "Use of Restricted Function")
RECORDING_STOPPED: Final = Code("110133", "Audit Recording Stopped")
RECORDING_STARTED: Final = Code("110134", "Audit Recording Started")
KINDS: Final = _table(
    APPLICATION_START,
    APPLICATION_STOP,
    LOGIN,
    LOGOUT,
    ATTACH,
    DETACH,
    NODE_AUTHENTICATION,
    NETWORK_CONFIGURATION,
    SECURITY_CONFIGURATION,
    RESTRICTED_FUNCTION,
    RECORDING_STOPPED,
    RECORDING_STARTED,
)

# CID 402: who took part in which role (RoleIDCode)
APPLICATION: Final = Code("110150", "Application")
APPLICATION_LAUNCHER: Final = Code("110151", "Application Launcher")
DESTINATION: Final = Code("110152", "Destination Role ID")
SOURCE: Final = Code("110153", "Source Role ID")
DESTINATION_MEDIA: Final = Code("110154", "Destination Media")
SOURCE_MEDIA: Final = Code("110155", "Source Media")
ROLES: Final = _table(
    APPLICATION, APPLICATION_LAUNCHER, DESTINATION, SOURCE, DESTINATION_MEDIA, SOURCE_MEDIA
)

# CID 404, and RFC 3881 5.5.4: what the identifier of an object is (ParticipantObjectIDTypeCode)
STUDY_INSTANCE_UID: Final = Code("110180", "Study Instance UID")
SOP_CLASS_UID: Final = Code("110181", "SOP Class UID")
NODE_ID: Final = Code("110182", "Node ID")
PATIENT_NUMBER: Final = Code("2", "Patient Number", "RFC-3881")
URI: Final = Code("12", "URI", "RFC-3881")
IDENTIFIERS: Final = _table(STUDY_INSTANCE_UID, SOP_CLASS_UID, NODE_ID)

# CID 405: media (MediaType)
MEDIA_URI: Final = Code("110037", "URI")
MEDIA: Final = _table(MEDIA_URI)

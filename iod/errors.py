"""What can go wrong with an object's meaning and form.

The message goes to the log and, shortened, to the peer.

IodError
+-- Unconvertible    the object cannot be had in that transfer syntax    PS3.4 C.4.2.2.1
+-- Malformed        its encoded data set cannot be walked
|   +-- Beyond       or only at a cost that no object may have
+-- NoFrames         none of the frames asked for is there               PS3.4 Y.4: AA00
+-- Uncreatable      no valid object can be made of these frames         PS3.4 Y.4: AA01
+-- Unextractable    the frames cannot be taken out                      PS3.4 Y.4: AA02
+-- NotTimeBased     frames were asked for by time, but have none        PS3.4 Y.4: AA03
+-- BadFrameRange    the frame range keys break their rules              PS3.4 Y.4: AA04
+-- Unwrappable      this file is no content for an encapsulated document
+-- Unwrapped        no document can be taken out of this object
+-- LeftOut          these samples cannot be made on this machine
"""

from __future__ import annotations


class IodError(Exception):
    """The root."""


class Unconvertible(IodError):
    """No lossless change of encoding leads there; `cause` says what stands in the way."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Malformed(IodError):
    """The encoded data set cannot be walked to its end."""


class Beyond(Malformed):
    """The data set may be well formed; to read it would cost more than it may."""


class NoFrames(IodError):
    """None of the frames asked for is in the object."""


class Uncreatable(IodError):
    """The object would not be valid with these frames only."""


class Unextractable(IodError):
    """The frames lie in the pixel data in a way that does not let them be told apart."""


class NotTimeBased(IodError):
    """The object does not say when its frames were."""


class BadFrameRange(IodError):
    """The keys that select frames are missing, several, or against their rules."""


class Unwrappable(IodError):
    """The file is not what it is said to be, or is of no use; the message says why."""


class Unwrapped(IodError):
    """The object holds no document that we know, or not a whole one."""


class LeftOut(IodError):
    """What makes these samples is not installed here."""

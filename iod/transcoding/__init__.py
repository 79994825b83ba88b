"""Lossless change of encoding, so that a receiver of few transfer syntaxes gets every object.

Law: decoded pixel values are those of the compressed stream, every other value keeps its bytes, the
image stays the same instance (PS3.5 Annex A, PS3.4 B.4.1). All of it happens in a process of its
own (hostile input D12): what is imported here knows no numpy, no codec and not even pydicom.
"""

from iod.transcoding.pool import Bounds, Transcoded, Workers, close, transcode
from iod.transcoding.syntaxes import targets

__all__ = ["Bounds", "Transcoded", "Workers", "close", "targets", "transcode"]

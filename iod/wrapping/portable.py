"""PDF, ISO 32000: whether it is one, whole, and can be opened; read by pypdf."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Final

import pypdf.filters
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from iod.errors import Unwrappable
from iod.wrapping.contents import Contents

# pypdf loads its filters when it first needs them; by then no file can be opened any more.
_LOADED: Final = pypdf.filters.decode_stream_data
# Readers take both within this much of begin and end (ISO 32000-1 annex H, notes 13 and 18).
_NEAR: Final = 1024
_BEGIN: Final = re.compile(rb"%PDF-([0-9.]*)")


def pdf(data: bytes) -> Contents:
    """A PDF file. Raises Unwrappable."""
    begin = _BEGIN.search(data[:_NEAR])
    if begin is None:
        raise Unwrappable("it does not begin with %PDF-")
    if b"%%EOF" not in data[-_NEAR:]:
        raise Unwrappable("it does not end with %%EOF: it is cut off")
    try:
        return _read(PdfReader(BytesIO(data)), begin[1].decode("ascii"))
    except PyPdfError as error:
        raise Unwrappable(f"it cannot be read as a PDF ({error})") from None


def _read(reader: PdfReader, version: str) -> Contents:
    if reader.is_encrypted:
        # Without its key the pages cannot be counted; an empty password is for show.
        note = "it is encrypted: who gets it may not be able to open it"
        return Contents({"version": version, "pages": None, "encrypted": True}, (note,))
    pages = len(reader.pages)
    if pages == 0:
        raise Unwrappable("it has no page")
    title = str(reader.metadata.title or "") if reader.metadata else ""
    facts = {"version": version, "pages": pages, "encrypted": False}
    return Contents(facts, title=" ".join(title.split()))

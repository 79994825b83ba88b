"""A PDF of one page, ISO 32000-1, written by hand so that it is the same every time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_PAGE: Final = b"""<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R
/Resources << /Font << /F1 5 0 R >> >> >>"""


def pdf(lines: Sequence[str]) -> bytes:
    """These lines on a page of A4, the first one larger; no parentheses, no backslashes."""
    shown = [
        f"/F1 18 Tf ({lines[0]}) Tj",
        *(f"/F1 12 Tf 0 -28 Td ({text}) Tj" for text in lines[1:]),
    ]
    content = ("BT 72 760 Td " + " ".join(shown) + " ET").encode("ascii")
    bodies = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        _PAGE,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    made = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    for offset in offsets:
        made += b"%010d 00000 n \n" % offset
    made += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(bodies) + 1)
    made += b"startxref\n%d\n%%%%EOF\n" % table
    return bytes(made)

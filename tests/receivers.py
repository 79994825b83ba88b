"""Receivers of C-STORE that take just what a test says: pynetdicom SCPs on free ports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from pydicom import Dataset
from pynetdicom import AE, evt

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"


class Received:
    """What a receiver has taken: data sets with their transfer syntax, in order."""

    def __init__(self) -> None:
        self.events: list[evt.Event] = []

    def __len__(self) -> int:
        return len(self.events)

    def data_sets(self) -> list[Dataset]:
        """With file meta information, so that pixels can be decoded."""
        made = []
        for event in self.events:
            one = event.dataset
            one.file_meta = event.file_meta
            made.append(one)
        return made


@contextmanager
def receiver(
    classes: Iterable[str],
    syntaxes: Sequence[str] = (EXPLICIT, IMPLICIT),
    *,
    title: str = "DEST",
    answer: Callable[[int], int] = lambda _number: 0,
) -> Iterator[tuple[int, Received]]:
    """An SCP whose n-th C-STORE gets the status `answer(n)`; its port and what it received."""
    ae = AE(ae_title=title)
    for uid in classes:
        ae.add_supported_context(uid, list(syntaxes))
    received = Received()

    def on_store(event: evt.Event) -> int:
        received.events.append(event)
        return answer(len(received))

    server = ae.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, on_store)]
    )
    try:
        yield server.socket.getsockname()[1], received
    finally:
        server.shutdown()

"""The process that looks into a file: `python -I -m iod.wrapping.inspector KIND SECONDS`.

The file is its standard input. It answers with one JSON object: `iod.wrapping.contents.Contents`,
or the cause why the file is refused. Before it reads a byte it has given up files and network.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Final

from iod.errors import Unwrappable
from iod.transcoding import restraint
from iod.wrapping.contents import Contents

MEMORY: Final = 8 << 30  # of address space
# kind of file -> the module that knows it, and its function
_READERS: Final = {
    "STL": ("iod.wrapping.meshes", "stl"),
    "OBJ": ("iod.wrapping.wavefront", "obj"),
    "MTL": ("iod.wrapping.wavefront", "mtl"),
    "PDF": ("iod.wrapping.portable", "pdf"),
    "CDA": ("iod.wrapping.clinical", "cda"),
}


def main() -> None:
    """Look, and answer."""
    name, seconds = sys.argv[1], int(sys.argv[2])
    module, function = _READERS[name]
    read: Callable[[bytes], Contents] = getattr(import_module(module), function)
    restraint.bound(MEMORY)
    restraint.enclose()
    restraint.allow(seconds)
    json.dump(_answer(read), sys.stdout, allow_nan=False)


def _answer(read: Callable[[bytes], Contents]) -> dict[str, object]:
    try:
        return read(sys.stdin.buffer.read()).document()
    except Unwrappable as error:
        return {"cause": str(error)}
    except MemoryError:
        return {"cause": "to look into it takes more memory than such a file may take"}
    except RecursionError:
        return {"cause": "it is nested too deeply"}
    # Whatever else libraries raise over hostile bytes: the file is not what it should be.
    except Exception as error:  # noqa: BLE001
        return {"cause": f"it is damaged ({type(error).__name__})"}


if __name__ == "__main__":
    main()

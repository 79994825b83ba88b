"""A finished file gets its name where hard links are refused, and never another file's."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from cli.naming import name


def refused(_draft: Path, path: Path) -> None:
    """A file system without hard links, as FAT on a USB stick."""
    raise OSError(errno.EPERM, os.strerror(errno.EPERM), str(path))


@pytest.mark.parametrize("link", [os.link, refused])
def test_it_has_the_bytes_under_the_name(link, tmp_path: Path):
    draft, path = tmp_path / ".draft", tmp_path / "one.dcm"
    draft.write_bytes(b"bytes")
    name(draft, path, link)
    assert path.read_bytes() == b"bytes"
    assert draft.exists()


@pytest.mark.parametrize("link", [os.link, refused])
def test_what_has_the_name_stays(link, tmp_path: Path):
    draft, path = tmp_path / ".draft", tmp_path / "one.dcm"
    draft.write_bytes(b"bytes")
    path.write_bytes(b"others")
    with pytest.raises(FileExistsError):
        name(draft, path, link)
    assert path.read_bytes() == b"others"


def test_other_failures_are_told(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        name(tmp_path / "missing", tmp_path / "one.dcm")

"""What people see: nothing that a terminal obeys, nothing cut that is to be copied."""

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import show

UID = "1.2.826.0.1.3680043.8.498.64108189007039777171766333999874882472"


class Terminal(io.StringIO):
    """Standard output as a person's terminal."""

    def isatty(self):
        return True


@given(st.text())
def test_what_is_shown_has_no_control_characters(text):
    shown = show.plain(text)
    assert {unicodedata.category(each) for each in shown}.isdisjoint({"Cc", "Cf", "Cs"})


@pytest.mark.parametrize("text", ["Müller", "山田^太郎", "Люкceмбypг", "a b"])
def test_what_people_write_is_shown_as_it_is(text):
    assert show.plain(text) == text


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (338, "338 B"), (25_158, "25.2 kB"),
     (6_300_000, "6.3 MB"), (523_000_000, "523 MB"), (2e15, "2000 TB")],
)  # fmt: skip
def test_sizes_are_said_as_people_say_them(number, said):
    assert show.size(number) == said


@pytest.mark.parametrize(("width", "same_line"), [(60, False), (200, True)])
def test_the_long_column_stands_under_its_row_where_it_does_not_fit(monkeypatch, width, same_line):
    out = Terminal()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    show.listing(("Patient", "Study"), [("Doe^Jane", UID), ("Roe^Rick", "1.2.3")], ())
    lines = out.getvalue().splitlines()
    (row,) = (number for number, line in enumerate(lines) if "Doe^Jane" in line)
    assert (UID in lines[row]) is same_line
    assert UID in lines[row] or lines[row + 1].strip() == UID


def test_a_table_that_goes_into_a_file_is_not_cut(capsys):
    show.listing(("Patient", "Study"), [("D" * 64, UID)] * 2, ())
    assert capsys.readouterr().out.splitlines()[2:] == [f"{'D' * 64}   {UID}"] * 2

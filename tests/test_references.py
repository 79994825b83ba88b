"""Data sets of storage commitment, PS3.4 Tables J.3-1 and J.3-2: read as pydicom writes them."""

from __future__ import annotations

import contextlib
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.sequence import Sequence

from scu.datasets import decode as by_pydicom
from scu.datasets import encode as from_pydicom
from scu.references import Information, Reference, TooMany, decode, encode

IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
SYNTAXES = (IMPLICIT, EXPLICIT, BIG)
UIDS = st.from_regex(r"[1-9][0-9]{0,9}(\.[1-9][0-9]{0,9}){1,4}", fullmatch=True)
REFERENCES = st.lists(st.builds(Reference, UIDS, UIDS, st.just(0)), max_size=4)
FAILED = st.lists(st.builds(Reference, UIDS, UIDS, st.integers(1, 0xFFFF)), max_size=4)
INFORMATION = st.builds(
    Information, UIDS, REFERENCES, FAILED, st.sampled_from(["", "AE1", "A BCD"])
)


def data_set(told: Information) -> Dataset:
    made = Dataset()
    made.TransactionUID = told.transaction_uid
    if told.retrieve_ae_title:
        made.RetrieveAETitle = told.retrieve_ae_title
    for keyword, found in (
        ("ReferencedSOPSequence", told.referenced),
        ("FailedSOPSequence", told.failed),
    ):
        if found:
            setattr(made, keyword, Sequence([item(one) for one in found]))
    return made


def item(one: Reference) -> Dataset:
    made = Dataset()
    made.ReferencedSOPClassUID = one.sop_class_uid
    made.ReferencedSOPInstanceUID = one.sop_instance_uid
    if one.reason:
        made.FailureReason = one.reason
    return made


@pytest.mark.parametrize("syntax", SYNTAXES)
@given(told=INFORMATION)
def test_what_we_write_pydicom_reads_and_the_other_way_round(syntax, told):
    written = data_set(told)
    assert by_pydicom(encode(told, syntax), syntax) == written
    assert decode(from_pydicom(written, syntax), syntax, 100) == told
    assert decode(encode(told, syntax), syntax, 100) == told


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_undefined_lengths_and_foreign_elements_are_passed_over(syntax):
    told = Information("1.2", [Reference("1.3", "1.4")], [Reference("1.5", "1.6", 0x0110)], "AE")
    made = data_set(told)
    made.add_new(0x00091001, "LO", "private")
    made.StorageMediaFileSetID = "SET"
    code = Dataset()
    code.CodeValue = "1"
    code.ReferencedSOPSequence = Sequence([item(Reference("9.9", "9.9"))])  # not ours
    for one in made.ReferencedSOPSequence:
        one.RetrieveAETitle = "OTHER"
        one.PurposeOfReferenceCodeSequence = Sequence([code])
    made.ProcedureCodeSequence = Sequence([code])
    for sequence in (
        made["ReferencedSOPSequence"],
        made["FailedSOPSequence"],
        made["ProcedureCodeSequence"],
        made.ReferencedSOPSequence[0]["PurposeOfReferenceCodeSequence"],
    ):
        sequence.is_undefined_length = True
        for one in sequence.value:
            one.is_undefined_length_sequence_item = True
    assert decode(from_pydicom(made, syntax), syntax, 100) == told


@pytest.mark.parametrize("syntax", SYNTAXES)
@given(told=INFORMATION, cut=st.integers(0, 400), junk=st.binary(max_size=40))
def test_garbage_is_an_error_and_nothing_else(syntax, told, cut, junk):
    raw = encode(told, syntax)
    for bad in (raw[:cut], junk, raw[:cut] + junk, junk + raw):
        with contextlib.suppress(ValueError):
            decode(bad, syntax, 100)


def test_a_length_that_lies_is_an_error():
    raw = struct.pack("<HHI", 0x0008, 0x1195, 0xFFFFFF00) + b"1.2"
    with pytest.raises(ValueError, match="a length reaches beyond"):
        decode(raw, IMPLICIT, 1)
    inside = struct.pack("<HHI", 0xFFFE, 0xE000, 64) + b"\0" * 8
    raw = struct.pack("<HHI", 0x0008, 0x1199, len(inside)) + inside
    with pytest.raises(ValueError, match="a length reaches beyond"):
        decode(raw, IMPLICIT, 1)


def test_a_nesting_bomb_is_an_error():
    bomb = struct.pack("<HHI", 0x0008, 0x1199, 0xFFFFFFFF)
    bomb += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    with pytest.raises(ValueError, match="nested deeper"):
        decode(bomb * 50_000, IMPLICIT, 100)


def test_too_many_references_are_noticed_at_the_first_too_many():
    many = [Reference("1.2", f"1.2.{n}") for n in range(100_000)]
    raw = encode(Information("1.2", many), EXPLICIT)
    begun = time.thread_time()
    with pytest.raises(TooMany):
        decode(raw, EXPLICIT, 10)
    assert time.thread_time() - begun < 0.5
    assert len(decode(raw, EXPLICIT, 100_000).referenced) == 100_000

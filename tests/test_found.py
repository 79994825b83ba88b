"""What a query finds, however much: portions of windows, nothing held open, nothing twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from archive import deadlines, found
from archive.errors import Costly
from archive.index import Index
from tests.indexed import CT, MR, index, instance, parsed


def test_answers_of_any_number_come_once_each_and_in_order(monkeypatch):
    """In portions of windows: PS3.4 C.4.1 wants all of them, whatever the memory."""
    monkeypatch.setattr(found, "PORTION", 3)
    monkeypatch.setattr(found, "WINDOW", 7)
    with index() as (root, opened):
        for n in range(40):
            opened.add(instance(root, PatientID=f"P{n}", StudyDate=f"202401{n % 2 + 1:02}"))
        for date, expected in (("", range(40)), ("20240101", range(0, 40, 2))):
            answers = opened.find(parsed(QueryRetrieveLevel="STUDY", PatientID="", StudyDate=date))
            assert [row[1] for row in answers] == [f"P{n}" for n in expected]
        for limit in (1, 2, 3, 4, 9, 10, 11, 39, 40, 41):
            query = replace(parsed(QueryRetrieveLevel="STUDY", PatientID=""), limit=limit)
            assert len(list(opened.find(query))) == min(limit + 1, 40)


def test_objects_to_be_sent_are_counted_at_once_and_read_in_portions(monkeypatch):
    monkeypatch.setattr(found, "PORTION", 3)
    with index() as (root, opened):
        study = {"StudyInstanceUID": "1.5", "PatientID": "P"}
        for n in range(20):
            opened.add(instance(root, f"1.1.{n}", SOPClassUID=(CT, MR)[n % 2], **study))
        wanted = parsed(retrieve=True, QueryRetrieveLevel="STUDY", StudyInstanceUID="1.5")
        several = opened.instances(wanted)
        assert len(several) == 20
        assert {kind for kind, _ in several.kinds} == {CT, MR}
        (subject,) = several.subjects
        assert (subject.study_instance_uid, subject.patient_id) == ("1.5", "P")
        assert several.subjects[subject] == {CT: 10, MR: 10}
        opened.remove("1.1.4")
        assert len(list(several)) == 19
        some = several.of([kind for kind in several.kinds if kind[0] == MR])
        assert {one.sop_class_uid for one in some} == {MR}
        assert (len(some), len(list(some))) == (10, 10)


def test_a_statement_has_its_time(monkeypatch):
    with TemporaryDirectory() as folder:
        opened = Index(Path(folder), sync="lazy", seconds=0.0)
        monkeypatch.setattr(deadlines, "_STEPS", 1)
        opened.add(instance(Path(folder)))
        with pytest.raises(Costly, match="takes too long"):
            list(opened.find(parsed(QueryRetrieveLevel="STUDY")))
        assert opened.counts().instances == 1
        opened.close()

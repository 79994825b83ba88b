"""The statuses that the conformance statement tells are those the services answer, one by one.

Read from the code: a status a service names or maps an error to is in its table, and no other is.
"""

import ast
from pathlib import Path

import pytest

from cli.statement.outcomes import ANSWERS, outcomes
from cli.statement.security import security
from cli.statement.statement import markdown
from config import contexts
from config.profiles import PROFILES
from scp import statuses
from scp.statuses import Status
from scu.commit import Answer
from tests.nodes import settings
from tests.test_conformance import table, tables
from tests.test_profiles import ENABLED, VERSIONS

SCP = Path(statuses.__file__).parent
EVERY = ("dispatch",)  # who has the right, and whose operation it is
# The files that answer an operation, and how they map errors
SERVICES = {
    "C-ECHO": (("verification",), {}),
    "C-STORE": (("storage",), statuses.STORE),
    "C-FIND": (("query",), statuses.FIND),
    "C-MOVE": (("retrieve", "suboperations", "instance_root"), statuses.RETRIEVE),
    "C-GET": (("retrieve", "suboperations", "instance_root"), statuses.RETRIEVE),
    "N-ACTION": (("commitment",), statuses.COMMIT),
}
OF_MOVE_ALONE = {Status.MOVE_DESTINATION_UNKNOWN}


def named(file):
    """The statuses that a file names; that of errors nobody mapped, if it asks for one."""
    found = set()
    for node in ast.walk(ast.parse((SCP / f"{file}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "Status":
            found.add(Status[node.attr])
        if isinstance(node, ast.Attribute) and node.attr == "status_of":
            found.add(Status.PROCESSING_FAILURE)
    return found


@pytest.mark.parametrize("operation", SERVICES)
def test_an_operation_answers_what_its_table_says_and_nothing_else(operation):
    files, table = SERVICES[operation]
    answered = set(table.values()).union(*map(named, (*files, *EVERY)))
    if operation == "C-GET":
        answered -= OF_MOVE_ALONE
    assert set(ANSWERS[operation]) == answered


def test_every_status_is_told_with_its_category(tmp_path):
    written = tables(markdown(list(outcomes(settings(tmp_path)))))
    told = {name: rows for name, rows in written.items() if "Statuses of" in name}
    for operation, answers in ANSWERS.items():
        (rows,) = [rows for name, rows in told.items() if name.endswith(f" of {operation}")]
        assert {row["Status"] for row in rows} == {f"{int(each):04X}" for each in answers}
    assert {each for answers in ANSWERS.values() for each in answers} == set(Status)
    (heard,) = [rows for name, rows in told.items() if name.endswith("N-EVENT-REPORT")]
    assert {row["Status"] for row in heard} == {f"{int(each):04X}" for each in Answer}
    kinds = {row["Status"]: row["Service status"] for rows in told.values() for row in rows}
    expected = {"0000": "Success", "B000": "Warning", "FE00": "Cancel", "FF01": "Pending"}
    assert expected.items() <= kinds.items()
    assert {kinds[code] for code in kinds if code[0] in "AC"} == {"Failure"}


def test_the_suites_and_versions_of_each_profile_are_those_a_server_takes(tmp_path):
    """`test_profiles` meets servers of each profile with every suite OpenSSL knows."""
    text = markdown(list(security(settings(tmp_path))))
    rows = {row["Profile"].partition(":")[0]: row for row in table(text, "Table 8.4.2-1.")}
    told = {name: set(row["Cipher suites"].split(", ")) for name, row in rows.items()}
    assert told == ENABLED
    spoken = {name: set(row["Versions"].split(", ")) for name, row in rows.items()}
    assert spoken == VERSIONS
    for name, row in rows.items():
        lacking = set(contexts.offering(PROFILES[name]).missing) or {"nothing"}
        assert set(row["Lacking here"].split(", ")) == lacking

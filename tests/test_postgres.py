"""What the index asks is asked in words that PostgreSQL understands, too; its driver is to come."""

from __future__ import annotations

import importlib.util
import itertools
import re
from pathlib import Path

import pytest

from archive import dialect, judgements, migrations, references, writer
from tests.peers import needs_postgres, psql

pytestmark = [pytest.mark.interop, needs_postgres]


def schema() -> list[str]:
    """The statements of all migrations."""
    database = dialect.Postgres("postgresql://x/y").database
    said: list[str] = []
    database.execute_sql = lambda sql, params=None, **_: said.append(sql)
    for path in sorted(Path(migrations.__file__).parent.glob("0*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        script.up(None, database)
    return said


def statements(*modules) -> list[str]:
    """What stands in these modules as a whole statement."""
    texts = (each for module in modules for each in vars(module).values() if isinstance(each, str))
    whole = (each for each in texts if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE)\b", each))
    return [each for each in whole if "{" not in each]


def numbered(sql: str) -> str:
    """With PostgreSQL's own placeholders, as a driver puts them."""
    number = itertools.count(1)
    return re.sub(r"\?", lambda _: f"${next(number)}", sql)


def test_postgresql_understands_every_migration_and_what_is_asked_of_rows_and_findings():
    asked = statements(judgements, references, writer)
    assert len(asked) > 20
    prepared = [f"PREPARE p{n} AS {numbered(sql)}" for n, sql in enumerate(asked)]
    told = psql(*schema(), *prepared)
    assert re.findall(r"ERROR:.*|FATAL:.*", told) == []


@pytest.mark.parametrize("wrong", ["INSERT OR IGNORE INTO verdict (rule) VALUES ('x')"])
def test_what_only_sqlite_understands_is_seen(wrong):
    assert "ERROR:" in psql(*schema(), wrong)


def test_postgresql_counts_findings_as_sqlite_does():
    kinds = ("error", "error", "warning")
    verdict = "INSERT INTO verdict VALUES ({0}, '{1}', 'p{0}', 'r', 'm', 'c')"
    told = psql(
        *schema(),
        "SET session_replication_role = replica",  # without the instance that they are of
        *(verdict.format(number, kind) for number, kind in enumerate(kinds)),
        *(f"INSERT INTO finding VALUES (1, {number}, {number})" for number in range(len(kinds))),
        judgements._COUNTS,
    )
    assert re.findall(r'= "(\d+)"', told) == ["0", "1", "2", "1"]

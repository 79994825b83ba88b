"""Reading settings: a TOML file, the environment over it, and one sentence when they are wrong.

Knows TOML, `ANODE__SECTION__KEY` and pydantic's error types; what is allowed is in `settings`.
"""

import itertools
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeGuard, get_args

from pydantic import BaseModel

from config.errors import ConfigError
from config.words import nearest

PREFIX: Final = "ANODE__"
# The keys whose value is a number; of `limits` all are.  Lists are given in TOML's notation.
NUMBERS: Final = frozenset({"port", "workers", "associations", "keep_days", "spool_bytes"})
NUMERIC_SECTION: Final = "limits"
TRUTHS: Final = frozenset({"retrieve_whole"})  # true or a list: what is no truth stays a text

Document = dict[str, Any]
Place = tuple[int | str, ...]

# pydantic's error type -> the end of our sentence; {value} is what was given, ctx its bounds.
SENTENCES: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "int_type": "must be a whole number, not {value}",
    "float_type": "must be a number, not {value}",
    "string_type": "must be text, not {value}",
    "bool_type": "must be true or false, not {value}",
    "bool_parsing": "must be true or false, not {value}",
    "string_too_long": "must be at most {max_length} characters, not {value}",
    "path_type": "must be text, not {value}",
    "tuple_type": "must be a list, not {value}",
    "model_type": "must be a table, not {value}",
    "model_attributes_type": "must be a table, not {value}",
    "literal_error": "must be {expected}, not {value}",
    "greater_than_equal": "must be at least {ge}, not {value}",
    "greater_than": "must be more than {gt}, not {value}",
    "less_than_equal": "must be at most {le}, not {value}",
    "finite_number": "must be a finite number, not {value}",
    "too_short": "must not be empty; leave it out for the default",
    "value_error": "{error}",
}


def read(path: Path) -> Document:
    """The tables of a TOML file."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; `anode init` writes one") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text at byte {error.start}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None


def override(document: Document, environ: Mapping[str, str]) -> Mapping[Place, str]:
    """Puts `ANODE__NODE__AE_TITLE` and `ANODE__LISTENER__1__PORT` into the document.

    Entries of a list are counted from 1; the next number adds one.  Answers which place was set
    by which variable, so that an error can name it.
    """
    names = [name for name in environ if name.startswith(PREFIX)]
    places: dict[Place, str] = {}
    for place, name in sorted(((_place(name), name) for name in names), key=_order):
        table = _table(document, place, name)
        key = str(place[-1])
        table[key] = _value(place[0], key, environ[name])
        places[place] = name
    return places


def _order(item: tuple[Place, str]) -> tuple[str, int, str]:
    place, _ = item
    number = next((each for each in place if isinstance(each, int)), 0)
    return str(place[0]), number, str(place[-1])


def _place(name: str) -> Place:
    words = name[len(PREFIX) :].lower().split("__")
    if all(words) and len(words) == 2:
        return words[0], words[1]
    # A list may stand in a table: [[audit.sink]] is AUDIT__SINK__1.
    if all(words) and len(words) in (3, 4) and re.fullmatch("[0-9]{1,4}", words[-2]):
        return *words[:-2], int(words[-2]) - 1, words[-1]
    raise ConfigError(f"{name}: must be like {PREFIX}NODE__AE_TITLE or {PREFIX}LISTENER__1__PORT")


def _table(document: Document, place: Place, name: str) -> Document:
    table: object = document
    words: list[str] = []
    for step, following in itertools.pairwise(place):
        if isinstance(step, int):
            table = _entry(table, step, ".".join(words), name)
        elif isinstance(table, dict):
            words.append(step)
            table = table.setdefault(step, [] if isinstance(following, int) else {})
    section = ".".join(words)
    if isinstance(table, list):
        numbered = "__".join([*words, "1", str(place[-1])]).upper()
        raise ConfigError(
            f"{name}: {section} is a list: number its entries from 1, as {PREFIX}{numbered}"
        )
    if not isinstance(table, dict):
        raise ConfigError(f"{name}: {section} is not a table in the file")
    return table


def _entry(table: object, number: int, section: str, name: str) -> object:
    """The entry of a list; the one after the last is added."""
    if not isinstance(table, list):
        return table
    if not 0 <= number <= len(table):
        raise ConfigError(
            f"{name}: there are {len(table)} [[{section}]], so the number must be between 1 "
            f"and {len(table) + 1}"
        )
    if number == len(table):
        table.append({})
    return table[number]


def _value(section: int | str, key: str, text: str) -> object:
    if section == NUMERIC_SECTION or key in NUMBERS:
        for number in (int, float):
            try:
                return number(text)
            except ValueError:
                continue
        return text
    if text.startswith(("[", "{")) or key in TRUTHS:
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return text
    return text


def sentence(
    model: type[BaseModel],
    errors: Sequence[Mapping[str, Any]],
    source: str,
    overridden: Mapping[Place, str],
) -> str:
    """The most telling of these errors: an unknown key first, for it explains a missing one."""
    error = min(errors, key=lambda each: each["type"] != "extra_forbidden")
    place: Place = tuple(error["loc"])
    # An error about a whole table may come from any variable that reached into it.
    causes = (name for set_place, name in overridden.items() if set_place[: len(place)] == place)
    source = next(causes, source) if place else source
    if error["type"] == "extra_forbidden":
        *tables, key = place
        known = _keys(model, tables)
        hint = nearest(str(key), known) or f"; known are {', '.join(known)}"
        return f"{_tables(source, tables)}unknown key {str(key)!r}{hint}"
    if error["type"] == "value_error" and isinstance(error["input"], dict):
        return f"{_tables(source, place)}{_end(error, place)}"  # between the keys of a table
    return f"{_where(source, place, error['type'])}{_end(error, place)}"


def _end(error: Mapping[str, Any], place: Place) -> str:
    kind, given = error["type"], error["input"]
    if kind == "tuple_type" and len(place) == 1:
        return f"must be written [[{place[0]}]], one for each"
    if kind not in SENTENCES:
        return f"is wrong: {error['msg']}"
    context = {name: _plain(value) for name, value in error.get("ctx", {}).items()}
    end = SENTENCES[kind].format(value=_short(given), **context)
    if kind == "literal_error":
        words = str(context["expected"]).replace(" or ", ", ").replace("'", "").split(", ")
        end += nearest(str(given), words)
    return end


def _plain(bound: object) -> object:
    return int(bound) if isinstance(bound, float) and bound.is_integer() else bound


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _where(source: str, place: Place, kind: str) -> str:
    """The place in words: the tables it lies in, then the key, which begins the sentence."""
    if len(place) > 2 and isinstance(place[-1], int):
        place = place[:-1]  # an item of a value: the key tells enough
    if place and isinstance(place[-1], str):
        return f"{_tables(source, place[:-1])}{place[-1]} "
    if place and kind != "value_error":
        return _tables(source, place).removesuffix(": ") + " "
    return _tables(source, place)


def _tables(source: str, tables: Sequence[int | str]) -> str:
    words = [source]
    for table in tables:
        if isinstance(table, int):
            words[-1] += f" {table + 1}"
        else:
            words.append(table)
    return ": ".join(words) + ": "


def _keys(model: type[BaseModel], tables: Sequence[int | str]) -> list[str]:
    for table in tables:
        if isinstance(table, str):
            annotation = model.model_fields[table].annotation
            candidates = (annotation, *get_args(annotation))
            model = next(each for each in candidates if _is_model(each))
    return list(model.model_fields)


def _is_model(annotation: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)

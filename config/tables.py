"""What the tables of the file have in common: their strictness, and the kinds of their values."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from config import addresses


def _absolute(path: Path, info: ValidationInfo) -> Path:
    base: Path = (info.context or {}).get("base", Path.cwd())
    return base / path


AeTitle = Annotated[str, AfterValidator(addresses.ae_title)]
FilePath = Annotated[Path, AfterValidator(_absolute)]
Port = Annotated[int, Field(strict=True), AfterValidator(addresses.port)]
ListeningPort = Annotated[int, Field(strict=True), AfterValidator(addresses.listening_port)]


class Table(BaseModel):
    """One table of the file: frozen, and no key but those it names."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

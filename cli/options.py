"""Options and arguments that several commands share, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from config.words import TlsProfile

PeerArgument = Annotated[
    str,
    typer.Argument(
        metavar="PEER",
        help="A [[peer]] of the configuration by its AE title, or AET@host:port.",
        show_default=False,
    ),
]
PathsArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH...", help="Files, folders, or DICOMDIR files.", exists=True, readable=True
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        envvar="ANODE_CONFIG",
        help="The configuration; without it ./anode.toml, if there is one.",
        show_default=False,
    ),
]
AetOption = Annotated[
    str | None,
    typer.Option("--aet", "-aet", metavar="AET", help="Our own AE title.", show_default=False),
]
AecOption = Annotated[
    str | None,
    typer.Option(
        "--aec", "-aec", metavar="AET", help="The AE title to call PEER by.", show_default=False
    ),
]
TimeoutOption = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=0.001,
        help="The longest wait for the peer to connect or to answer; without it as [limits] says, "
        "10 s and 120 s if nothing.",
        show_default=False,
    ),
]
TlsOption = Annotated[
    TlsProfile | None,
    typer.Option(
        "--tls", help="Call over TLS by this profile (anode tls profiles).", show_default=False
    ),
]
CertOption = Annotated[
    Path | None,
    typer.Option(
        "--cert", metavar="FILE", help="Our certificate in PEM, for TLS.", show_default=False
    ),
]
TlsKeyOption = Annotated[
    Path | None,
    typer.Option(
        "--tls-key", metavar="FILE", help="Its key in PEM, if not in the same file.",
        show_default=False,
    ),
]  # fmt: skip
CaOption = Annotated[
    Path | None,
    typer.Option(
        "--ca", metavar="FILE", help="The CA that the peer's certificate must come from, in PEM.",
        show_default=False,
    ),
]  # fmt: skip
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace the file if it is there already.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")]
KeysOption = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        "-k",
        metavar="KEY=VALUE",
        help="An attribute to match: PatientID=ABC, 0010,0020=ABC, in a sequence "
        "(0040,0275)[0].(0040,1001)=R1; without a value it is only "
        "returned; @FILE takes the keys from a DICOM file. May be repeated.",
        show_default=False,
    ),
]
LevelOption = Annotated[
    str | None,
    typer.Option(
        "--level", "-L", metavar="LEVEL", help="PATIENT, STUDY, SERIES or IMAGE.",
        show_default=False,
    ),
]  # fmt: skip
SingleModel = Literal[
    "protocol", "approval", "hanging", "palette", "implant", "assembly", "group", "inventory"
]
FindModelOption = Annotated[
    Literal["patient", "study", "patient-study", SingleModel] | None,
    typer.Option(
        "--model",
        help="The information model: patient root, study root, patient/study only (retired); or of "
        "objects without a patient, which has no levels: procedure protocols, their approvals, "
        "hanging protocols, colour palettes, implant templates, their assemblies and groups, "
        "inventories.",
        show_default=False,
    ),
]
RetrieveModelOption = Annotated[
    Literal["patient", "study", "patient-study", "instance", SingleModel] | None,
    typer.Option(
        "--model",
        help="The information model: as for find, or the instance root. Those without levels and "
        "the instance root take only -k SOPInstanceUID=..., the latter also "
        "-k SimpleFrameList=1\\3 (CalculatedFrameList, TimeRange) for single frames.",
        show_default=False,
    ),
]
PatientRootOption = Annotated[
    bool,
    typer.Option(
        "--patient-root/--study-root",
        "-P/-S",
        help="Use the Patient Root model, or Study Root (the default below PATIENT level).",
        show_default=False,
    ),
]
FolderOption = Annotated[
    Path,
    typer.Option(
        "--output", "-o", metavar="DIR", help="The folder to write to; made if missing.",
        file_okay=False,
    ),
]  # fmt: skip


def examples(*lines: str) -> str:
    """The end of a command's help: one example to a line, as \\b asks for."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])

"""Our declarations of NVML against NVIDIA's own header: sizes, offsets, codes, prototypes."""

import os
import re
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from gpusla_agent import standin

DECLARATIONS = ("nvml_abi.h", "nvml_abi_activity.h")
STRUCT = re.compile(r"typedef (?:struct|union) \{\n(.*?)\n\} (\w+);", re.DOTALL)
MEMBER = re.compile(r"^(?:[\w ]+[ *]|\} )(\w+)(?:\[\d+\])?;$")


def test_every_struct_has_the_size_and_the_offsets_of_nvidias(tmp_path: Path) -> None:
    """Whatever nvml_abi.h declares is measured, so that a new struct is checked by being there."""
    places = measured_places()
    assert len(places) > 250
    ours = run_c(tmp_path / "ours", printing(places), '#include "nvml_abi.h"')
    theirs = run_c(tmp_path / "theirs", printing(places), "#include <nvml.h>")
    assert ours == theirs


def test_every_code_has_the_number_of_nvidias(tmp_path: Path) -> None:
    """The codes of nvmlReturn_t, by name."""
    names = re.findall(r"\b(NVML_(?:SUCCESS|ERROR_\w+)) =", source("nvml_abi.h"))
    assert len(names) > 10
    lines = "\n".join(f'printf("%d\\n", (int){name});' for name in names)
    ours = run_c(tmp_path / "ours", lines, '#include "nvml_abi.h"')
    assert ours == run_c(tmp_path / "theirs", lines, "#include <nvml.h>")


def test_every_prototype_agrees_with_nvidias(tmp_path: Path) -> None:
    """A compiler refuses two declarations of one function that differ."""
    assert compile_prototypes(tmp_path, "") == ""


def test_a_wrong_prototype_would_be_noticed(tmp_path: Path) -> None:
    """The check above can fail."""
    said = compile_prototypes(tmp_path, "nvmlReturn_t nvmlDeviceGetCount_v2(int *deviceCount);")
    assert "conflicting types" in said


def test_what_is_said_to_take_a_device_first_does() -> None:
    """Calls without a value look at their first argument only, so that has to be a device."""
    prototypes = nvidias_prototypes()
    on_device = re.findall(
        r"^UNSUPPORTED_ON_DEVICE\((\w+)\)", source("unsupported.c"), re.MULTILINE
    )
    elsewhere = re.findall(r"^UNSUPPORTED\((\w+)\)", source("unsupported.c"), re.MULTILINE)
    assert len(on_device) > 100
    assert {prototypes[call].split()[0] for call in on_device} == {"nvmlDevice_t"}
    assert not [call for call in elsewhere if prototypes[call].startswith("nvmlDevice_t")]


def test_a_program_against_nvidias_header_runs_on_the_stand_in(
    tmp_path: Path, library: Path
) -> None:
    """Compiled with their header, linked with our library, started on it."""
    program = """
        nvmlDevice_t device; nvmlMemory_v2_t memory = {.version = nvmlMemory_v2}; unsigned count, i;
        if (nvmlInit() || nvmlDeviceGetCount(&count)) return 1;
        for (i = 0; i < count; i++) {
            char name[NVML_DEVICE_NAME_V2_BUFFER_SIZE];
            if (nvmlDeviceGetHandleByIndex(i, &device)) return 2;
            if (nvmlDeviceGetName(device, name, sizeof name)) return 3;
            if (nvmlDeviceGetMemoryInfo_v2(device, &memory)) return 4;
            printf("%s %llu\\n", name, memory.total >> 20);
        }
        if (nvmlShutdown()) return 5;
    """
    said = run_c(tmp_path / "program", program, "#include <nvml.h>", library)
    assert said == "NVIDIA GB300 284208\n" * 4


def source(name: str) -> str:
    """The text of one of the stand-in's sources."""
    return (standin.SOURCES / name).read_text("utf-8")


def measured_places() -> list[tuple[str, str]]:
    """Every struct and union we declare, with each of its members."""
    return [
        (struct, member)
        for file in DECLARATIONS
        for body, struct in STRUCT.findall(source(file))
        for member in members(body)
    ]


def members(body: str) -> list[str]:
    """Names of a struct's members, those of a struct within it too."""
    found: list[str] = []
    inner: list[str] | None = None
    for line in map(str.strip, body.splitlines()):
        if line == "struct {":
            inner = []
            continue
        match = MEMBER.match(line)
        assert match is not None, line
        name = match.group(1)
        if line.startswith("}") and inner is not None:
            found += [name, *(f"{name}.{member}" for member in inner)]
            inner = None
        else:
            (found if inner is None else inner).append(name)
    return found


def printing(places: list[tuple[str, str]]) -> str:
    """C statements that print the size of each struct and where and how long each member is."""
    return "\n".join(
        f'printf("{struct}.{member} %zu %zu %zu\\n", sizeof({struct}), '
        f"offsetof({struct}, {member}), sizeof((({struct} *)0)->{member}));"
        for struct, member in places
    )


def nvidias_header() -> Path:
    """nvml.h of the distribution nvidia-nvml-dev."""
    files = metadata.files("nvidia-nvml-dev") or []
    return Path(str(next(file.locate() for file in files if file.name == "nvml.h")))


def nvidias_prototypes() -> dict[str, str]:
    """Each call that NVIDIA's header declares, with its arguments as text."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", nvidias_header().read_text("utf-8"), flags=re.DOTALL)
    return dict(re.findall(r"DECLDIR\s+(nvml\w+)\s*\(([^)]*)\)", text))


def compile_prototypes(folder: Path, more: str) -> str:
    """Put our prototypes, and more, behind NVIDIA's header; what the compiler says to that."""
    file = folder / "prototypes.c"
    file.write_text(
        "#define NVML_NO_UNVERSIONED_FUNC_DEFS\n#include <nvml.h>\n"
        f'#define STANDIN_TYPES_FROM_NVML_H\n#include "nvml_calls.h"\n{more}\n',
        "utf-8",
    )
    command = [*compiler(), "-fsyntax-only", "-Werror", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def compiler() -> list[str]:
    """The C compiler, with both headers in reach."""
    folders = (nvidias_header().parent, standin.SOURCES)
    return [os.environ["GPUSLA_CC"], *(f"-I{folder}" for folder in folders)]


def run_c(folder: Path, statements: str, include: str, library: Path | None = None) -> str:
    """Compile a main() of these statements, run it, and give what it printed."""
    folder.mkdir()
    file, program = folder / "main.c", folder / "main"
    file.write_text(
        f"#include <stdio.h>\n#include <stddef.h>\n{include}\n"
        f"int main(void) {{\n{statements}\nreturn 0;\n}}\n",
        "utf-8",
    )
    command = [*compiler(), "-Wall", "-Werror", "-o", str(program), str(file)]
    command += [] if library is None else [str(library)]
    compiled = subprocess.run(command, capture_output=True, text=True, check=False)
    if compiled.returncode:
        pytest.fail(compiled.stderr)
    variables = {} if library is None else standin.environment(library)
    finished = subprocess.run([str(program)], env=variables, capture_output=True, check=True)
    return finished.stdout.decode()

"""How programs are found, and that getting them leaves the system as it was."""

import os
from pathlib import Path

import pytest

from tests.environment.shell import call, script


def find(name: str, cache: Path, folder: Path, **variables: str) -> str:
    """Look a program up with nothing on PATH but a folder of ours and what the shell needs."""
    return call(f"PATH={folder}:$PATH; find_program {name}", cache, **variables).stdout.strip()


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("prometheus", "prometheus"),
        ("alertmanager", "prometheus-alertmanager"),
        ("amtool", "amtool"),
        ("chromium", "chromium"),
        ("mke2fs", "mke2fs"),
    ],
)
def test_a_program_on_the_path_is_taken(name: str, program: str, tmp_path: Path) -> None:
    """Whatever the machine has comes first."""
    ours = script(tmp_path / "bin" / program)
    assert find(name, tmp_path, ours.parent) == str(ours)


def test_a_program_that_is_named_by_its_variable_comes_first(tmp_path: Path) -> None:
    """Somebody who tests another version says which."""
    newer = script(tmp_path / "newer")
    on_path = script(tmp_path / "bin" / "prometheus")
    found = find("prometheus", tmp_path, on_path.parent, GPUSLA_PROMETHEUS=str(newer))
    assert found == str(newer)


def test_an_unpacked_compiler_comes_before_one_without_headers(tmp_path: Path) -> None:
    """It was unpacked because the other one compiles nothing."""
    unpacked = script(tmp_path / "debian" / "bin" / "cc")
    assert find("cc", tmp_path, tmp_path / "bin") == str(unpacked)


def test_a_script_that_asks_for_a_snap_is_no_browser(tmp_path: Path) -> None:
    """What Ubuntu calls chromium-browser opens nothing on a machine without snaps."""
    stub = script(tmp_path / "bin" / "chromium", "echo 'run: snap install chromium'")
    snaps = Path("/snap").is_dir()
    found = find("chromium", tmp_path, stub.parent)
    assert found == ("" if snaps else str(stub))


def test_the_newest_of_debians_servers_is_taken(tmp_path: Path) -> None:
    """PostgreSQL's programs are off PATH, in a folder for each version; 9 is older than 15."""
    for version in ("9.6", "15"):
        script(tmp_path / f"usr/lib/postgresql/{version}/bin/postgres")
    found = call(f"newest_server {tmp_path} postgres", tmp_path).stdout.strip()
    assert found == str(tmp_path / "usr/lib/postgresql/15/bin/postgres")


def test_what_is_missing_is_told_to_whatever_is_started(tmp_path: Path) -> None:
    """The demo prints one sentence about it; the tests refuse to start."""
    finished = call(
        """
        find_program() { [ "$1" != amtool ] && echo "/bin/$1"; }
        find_programs prometheus amtool
        env
        """,
        tmp_path,
    )
    assert "GPUSLA_MISSING=amtool\n" in finished.stdout
    assert "GPUSLA_PROMETHEUS=/bin/prometheus\n" in finished.stdout
    assert "GPUSLA_AMTOOL=\n" in finished.stdout


def test_a_try_that_got_nothing_is_not_repeated_within_the_hour(tmp_path: Path) -> None:
    """Nor is one program's try taken for another's."""
    (tmp_path / "debian").mkdir()
    (tmp_path / "debian" / ".tried-chromium").touch()
    assert call("tried_lately chromium", tmp_path).returncode == 0
    assert call("tried_lately chromium amtool", tmp_path).returncode == 1
    os.utime(tmp_path / "debian" / ".tried-chromium", (0, 0))
    assert call("tried_lately chromium", tmp_path).returncode == 1


def test_apt_is_left_alone_when_that_is_asked(tmp_path: Path) -> None:
    """GPUSLA_APT=never touches neither the system nor the network."""
    script(tmp_path / "bin" / "apt-get", 'echo "$*" >"$CACHE/asked"')
    finished = call(
        "PATH=$CACHE/bin:$PATH; export CACHE; get_programs amtool", tmp_path, GPUSLA_APT="never"
    )
    assert finished.returncode == 0, finished.stderr
    assert not (tmp_path / "asked").exists()


POLICY = """
    POLICY={folder}/policy-rc.d
    systemctl() {{ echo "systemctl $*"; }}
    our_services() {{ echo "$services_now"; }}
"""


def test_no_service_is_started_while_apt_installs(tmp_path: Path) -> None:
    """The policy refuses every start for as long as apt runs, and is gone afterwards."""
    finished = call(
        POLICY.format(folder=tmp_path)
        + 'services_now=; forbid_services; "$POLICY" || echo "refused $?"; allow_services',
        tmp_path,
    )
    assert finished.stdout == "refused 101\n"
    assert not (tmp_path / "policy-rc.d").exists()


def test_the_policy_that_was_there_is_put_back(tmp_path: Path) -> None:
    """It is the owner's, not ours."""
    before = script(tmp_path / "policy-rc.d", "exit 42").read_text()
    call(
        POLICY.format(folder=tmp_path) + "services_now=; forbid_services; allow_services", tmp_path
    )
    assert (tmp_path / "policy-rc.d").read_text() == before


def test_a_service_that_we_brought_does_not_start_at_the_next_boot(tmp_path: Path) -> None:
    """One that was there before us keeps whatever its owner chose."""
    finished = call(
        POLICY.format(folder=tmp_path)
        + """
        services_now=prometheus.service
        forbid_services
        services_now='prometheus.service prometheus-alertmanager.service'
        allow_services
        """,
        tmp_path,
    )
    assert finished.stdout == "systemctl disable --quiet prometheus-alertmanager.service\n"


def test_a_wrapper_finds_what_was_unpacked_with_the_program(tmp_path: Path) -> None:
    """Its libraries, private folders of them included, come before the system's."""
    program = script(tmp_path / "debian/system/usr/bin/amtool", 'echo "$1 $LD_LIBRARY_PATH"')
    libraries = program.parents[1] / "lib" / f"{os.uname().machine}-linux-gnu"
    script(libraries / "private" / "libx.so.1")
    call("write_wrapper amtool", tmp_path)
    finished = call("debian=$CACHE/debian/bin; $debian/amtool 'a b'", tmp_path)
    assert finished.stdout == f"a b {libraries / 'private'}\n"


@pytest.mark.parametrize("name", ["alertmanager", "amtool"])
def test_an_unpacked_alertmanager_finds_its_templates(name: str, tmp_path: Path) -> None:
    """Debian's build has one path for them in it, where nothing is unless it was installed."""
    system = tmp_path / "debian/system"
    templates = system / "usr/share/prometheus/alertmanager"
    templates.mkdir(parents=True)
    (templates / "default.tmpl").write_text("unpacked")
    program = "prometheus-alertmanager" if name == "alertmanager" else name
    built = script(
        system / "usr/bin" / program, "cat /usr/share/prometheus/alertmanager/default.tmpl"
    )
    size = built.stat().st_size
    call(f"write_wrapper {name}", tmp_path)
    finished = call(f"cd /; $CACHE/debian/bin/{program}", tmp_path)
    assert (finished.stdout, built.stat().st_size) == ("unpacked", size)


@pytest.mark.parametrize(
    ("does", "is_kept"),
    [
        ("echo 'msg=\"Listening on\"'; exec sleep 60", True),
        ('[ "$1" = --version ] || { echo "failed to parse templates"; exit 1; }', False),
    ],
)
def test_an_unpacked_alertmanager_is_used_if_it_starts(
    does: str, *, is_kept: bool, tmp_path: Path
) -> None:
    """It knows its version even where it cannot start."""
    script(tmp_path / "debian/system/usr/bin/prometheus-alertmanager", does)
    finished = call(
        """
        update_own_lists() { :; }
        download_packages() { :; }
        unpack_packages() { :; }
        unpack_programs alertmanager
        [ -e "$DEBIAN/bin/prometheus-alertmanager" ] && echo kept
        cat "$DEBIAN/unpack.log" >&2
        """,
        tmp_path,
    )
    assert finished.stdout == ("kept\n" if is_kept else ""), finished.stderr
    assert is_kept or "failed to parse templates" in finished.stderr


def test_an_unpacked_program_that_does_not_run_is_not_used(tmp_path: Path) -> None:
    """Then apt may install it, and where it may not, the program is missing and that is said."""
    script(tmp_path / "debian/system/usr/bin/amtool", "exit 1")
    finished = call(
        """
        update_own_lists() { :; }
        download_packages() { :; }
        unpack_packages() { :; }
        unpack_programs amtool
        [ ! -e "$DEBIAN/bin/amtool" ] && echo gone
        """,
        tmp_path,
    )
    assert finished.stdout == "gone\n", finished.stderr
    assert "set-up: the unpacked amtool does not run here" in finished.stderr


@pytest.mark.parametrize(
    ("setting", "ways"),
    [
        ("", "unpack_programs install_programs"),
        ("unpack", "unpack_programs"),
        ("install", "install_programs unpack_programs"),
        ("never", ""),
    ],
)
def test_the_ways_are_tried_in_the_order_that_is_asked_for(
    setting: str, ways: str, tmp_path: Path
) -> None:
    """Unpacking comes first, because it changes nothing outside our own folder."""
    script(tmp_path / "bin" / "apt-get")
    finished = call(
        """
        PATH=$CACHE/bin:$PATH
        find_program() { return 1; }
        get_by() { printf '%s ' "$1"; }
        get_programs amtool
        """,
        tmp_path,
        GPUSLA_APT=setting,
    )
    assert finished.stdout.strip() == ways

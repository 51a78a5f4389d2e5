"""What can be read off the Dockerfile of the agent without a Docker: sources, user, locks."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "deploy" / "docker" / "agent.Dockerfile"
TEXT = FILE.read_text("utf-8")


def instructions() -> list[tuple[str, str]]:
    """Return the instructions in their order, lines put together."""
    lines = [line for line in TEXT.splitlines() if not line.startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [
        (word, rest) for word, _, rest in (one.partition(" ") for one in whole.splitlines() if one)
    ]


def final() -> list[tuple[str, str]]:
    """Return the instructions of the image that is run."""
    found = instructions()
    last = max(number for number, (word, _) in enumerate(found) if word == "FROM")
    return found[last:]


def test_everything_that_is_copied_is_there() -> None:
    """A renamed folder would be found out by whoever builds the image next year."""
    copied = [shlex.split(rest) for word, rest in instructions() if word == "COPY"]
    sources = [one for words in copied for one in words[:-1] if not words[0].startswith("--from")]
    assert len(sources) > 5
    assert not [source for source in sources if not (ROOT / source).exists()]


def test_the_wheel_has_all_that_it_is_built_of() -> None:
    """The packages of the wheel, and what the project's own file names."""
    packages = re.search(
        r"^packages = \[(.*?)\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE | re.DOTALL
    )
    assert packages is not None
    for package in re.findall(r'"([^"]+)"', packages[1]):
        assert f"COPY {package} /source/{package}\n" in TEXT


def test_it_runs_as_a_user_of_its_own_without_a_shell() -> None:
    """By number, so that a cluster can see that it is not root."""
    users = [rest for word, rest in final() if word == "USER"]
    assert users == ["9641:9641"]
    (made,) = [rest for word, rest in final() if word == "RUN"]
    assert "--uid 9641" in made
    assert "nologin" in made


def test_the_command_is_the_agents_and_its_data_is_outside() -> None:
    """Nothing is written inside the image, so that its root can be read-only."""
    words = dict(final())
    assert words["ENTRYPOINT"] == '["/opt/gpusla/bin/gpusla-agent"]'
    assert words["VOLUME"] == '["/var/lib/gpusla-agent"]'
    assert "PYTHONDONTWRITEBYTECODE=1" in words["ENV"]


def test_everything_is_installed_by_hash_or_from_here() -> None:
    """No package whose bytes were not locked, and no setup.py of a stranger."""
    installs = [
        command
        for word, rest in instructions()
        if word == "RUN"
        for command in rest.split("&&")
        if "pip install" in command
    ]
    assert len(installs) == 3
    for command in installs:
        locked = "--require-hashes --only-binary :all:" in command
        assert locked or "--no-index --no-deps" in command or "--no-deps --no-index" in command


def test_its_page_says_how_to_run_it_with_nothing_to_spare() -> None:
    """A read-only root, no capability, no new privileges."""
    for words in ("--read-only", "--cap-drop ALL", "no-new-privileges"):
        assert words in TEXT
    assert "--privileged" not in TEXT

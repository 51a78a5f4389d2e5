"""Every command's help is plain, and begins with what one can copy."""

import pytest

from tests.collector.conftest import Told


@pytest.mark.parametrize(
    "words",
    [
        *(("collector", name) for name in ("check", "once", "run", "migrate", "roles")),
        *(("collector", name) for name in ("approvals", "approve", "automatic", "shadow")),
        *(("collector", name) for name in ("findings", "import", "facts", "bundle", "claims")),
        ("collector", "key", "new"),
        ("collector", "key", "show"),
        *(("statement", name) for name in ("list", "show", "sign", "changes")),
        ("contract", "check"),
        ("explain",),
        ("fsck",),
    ],
    ids=" ".join,
)
def test_help_is_plain_and_gives_an_example(words: tuple[str, ...], told: Told) -> None:
    """One can copy it; no boxes, and no offer to change the shell's start."""
    code, out, _ = told(*words, "--help")
    out = " ".join(out.split())
    assert code == 0
    assert f"For example: gpusla {' '.join(words)}" in out
    assert "--install-completion" not in out
    assert "╭" not in out


@pytest.mark.parametrize("words", [("collector",), ("collector", "key"), ("statement",)])
def test_the_help_of_a_group_is_plain(words: tuple[str, ...], told: Told) -> None:
    """As that of every other command."""
    code, out, _ = told(*words, "--help")
    assert code == 0
    assert "--install-completion" not in out
    assert "╭" not in out

"""Nonsense that the operator signed gets a verdict too, and never a traceback."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gpusla.evidence.envelope import STATEMENT_TYPE, canonical
from gpusla.evidence.sealed import payload_of
from gpusla.verify.__main__ import main
from tests.core.verify.maker import (
    OPERATOR,
    bundle,
    public,
    sealed,
    text_of,
    usual,
)

DRAWS = 40
ODD: tuple[Any, ...] = (
    None, True, -1, 0, 2**70, "", "\ud800", "\x1b[2J", "=" * 200, [], [[]], {}, {"": None},
)  # fmt: skip
TARGETS = ("statement.json", "facts.json", "nodes.json", "hours", "journals", "files", "key")


@pytest.mark.parametrize("target", TARGETS)
def test_an_odd_value_anywhere_is_judged(
    target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever stands where something else should: verified or broken, and safe to print."""
    chance, file = Random(target), tmp_path / "odd"  # noqa: S311  (a seed repeats it)
    for _ in range(DRAWS):
        file.write_bytes(odd_bundle(chance, target))
        code = main([str(file), "--key", public(OPERATOR), "--jobs", "1"])
        words = capsys.readouterr().out
        assert code in {0, 6}
        assert words.isascii()
        assert words.replace("\n", "").isprintable()


def odd_bundle(chance: Random, target: str) -> bytes:
    """Return a bundle with an odd value somewhere in a target, all of it signed again."""
    found = usual()
    if target == "files":
        told = json.loads(json.dumps({"facts.json": {"sha256": "ab" * 32, "size_bytes": 5}}))
        return bundle(found, files=spoiled(chance, told))
    if target == "key":
        name = chance.choice(["key", "contract", "period", "revision", "made_by", "format"])
        return bundle(found, **{name: chance.choice(ODD)})
    if target in {"hours", "journals"}:
        name = f"{target}/c1-r1-t1.jsonl"
        lines = found[name].splitlines()
        place = chance.randrange(len(lines))
        lines[place] = canonical(spoiled(chance, json.loads(lines[place])))
        return bundle(found | {name: text_of(lines)})
    if target == "statement.json":
        payload = payload_of(found[target], STATEMENT_TYPE)
        told = json.loads(payload)
        kept = {name: told[name] for name in ("contract", "period", "inputs", "evaluation_digest")}
        return bundle(found | {target: sealed(canonical(told | spoiled(chance, kept)))})
    return bundle(found | {target: canonical(spoiled(chance, json.loads(found[target])))})


def spoiled(chance: Random, value: Any) -> Any:
    """Return a value with one part of it, at any depth, replaced by something odd."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        name = chance.choice(sorted(value))
        return value | {name: spoiled(chance, value[name])}
    if isinstance(value, list) and value and chance.random() < 0.9:
        place = chance.randrange(len(value))
        return [*value[:place], spoiled(chance, value[place]), *value[place + 1 :]]
    return (
        chance.choice(ODD) if not isinstance(value, dict) else value | {"odd": chance.choice(ODD)}
    )

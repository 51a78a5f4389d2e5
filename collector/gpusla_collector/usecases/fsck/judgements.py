"""Judgements against their digests, and what they were made from against the files on record."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gpusla.evidence.damage import Breach, Damage
from gpusla_collector.ports import InputFile, Judged
from gpusla_collector.ports.books import Books
from gpusla_collector.usecases.fsck.tally import Tally
from gpusla_collector.usecases.world import INVENTORY


@dataclass(slots=True)
class JudgementsCheck:
    """
    Checks judgements and files.

    heads: by node and record, every digest that a judgement names, for whoever walks the journals.
    inventory: the last one that was taken in.
    """

    books: Books
    tally: Tally
    heads: dict[str, dict[int, set[str]]] = field(default_factory=dict)
    inventory: InputFile | None = None
    _files: set[tuple[str, str]] = field(default_factory=set)
    _judged: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    def run(self) -> Iterator[Damage]:
        """Yield what is broken."""
        readable = self.tally.readable
        yield from readable("documents", self._taken_in(self.books.documents()))
        yield from readable("contract_versions", self._taken_in(self.books.contracts()))
        yield from readable("evaluations", self._evaluations())
        yield from readable("evaluation_inputs", self._made_again())
        yield from readable("evaluation_cursors", self._newest())

    def _taken_in(self, files: Iterator[InputFile]) -> Iterator[Damage]:
        for file in files:
            self.tally.count("files")
            self._files.add((file.kind, file.digest))
            self.inventory = file if file.kind == INVENTORY else self.inventory
            if hashlib.sha256(file.content).hexdigest() != file.digest:
                words = f"its content is not what {file.digest[:16]} is the digest of"
                yield Damage(Breach.INPUT, f"{file.kind} {file.name}", words)

    def _evaluations(self) -> Iterator[Damage]:
        for judged in self.books.evaluations():
            self.tally.count("judgements")
            self._judged[judged.digest] = (judged.contract, judged.period, judged.tenant)
            yield from self._judgement(judged)

    def _made_again(self) -> Iterator[Damage]:
        for one in self.books.made_again():
            subject = f"judgement {one.evaluation[:16]} made again {one.number}"
            if one.evaluation not in self._judged and "evaluations" not in self.tally.unreadable:
                yield Damage(Breach.EVALUATION, subject, "is of a judgement that is not there")
            yield from self._made_from(subject, one.inputs)

    def _newest(self) -> Iterator[Damage]:
        for one in self.books.newest():
            if one.evaluation not in self._judged and "evaluations" in self.tally.unreadable:
                continue
            if self._judged.get(one.evaluation) != (one.contract, one.period, one.tenant):
                words = f"its last judgement {one.evaluation[:16]} is not there, or is another's"
                yield Damage(Breach.EVALUATION, f"{one.contract} {one.period}", words)

    def _judgement(self, judged: Judged) -> Iterator[Damage]:
        subject = f"judgement {judged.digest[:16]}"
        if hashlib.sha256(judged.content.encode()).hexdigest() != judged.digest:
            yield Damage(Breach.EVALUATION, subject, "its content is not what its digest is of")
        elif not _is_said(judged):
            yield Damage(Breach.EVALUATION, subject, "its columns say something else than it does")
        yield from self._made_from(subject, judged.inputs)

    def _made_from(self, subject: str, text: str) -> Iterator[Damage]:
        inputs = _object(text)
        if inputs is None:
            yield Damage(Breach.EVALUATION, subject, "what it was made from cannot be read")
            return
        for kind, digest in self._named(inputs):
            of = "contract_versions" if kind == "Contract" else "documents"
            if (kind, digest) not in self._files and of not in self.tally.unreadable:
                words = f"was made from {kind} {digest[:16]}, which was never taken in"
                yield Damage(Breach.INPUT, subject, words)

    def _named(self, inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield the files that a judgement names, and keep the records."""
        for node, head in _items(inputs.get("journals")):
            if isinstance(head, list) and len(head) == 2 and type(head[0]) is int:  # noqa: PLR2004
                self.heads.setdefault(node, {}).setdefault(head[0], set()).add(str(head[1]))
            else:
                yield "journal", node
        for kind, digest in _items(inputs.get("files")):
            if digest:
                yield kind, str(digest)
        contracts = inputs.get("contracts")
        for digest in contracts if isinstance(contracts, list) else ():
            yield "Contract", str(digest)


def _is_said(judged: Judged) -> bool:
    content = _object(judged.content) or {}
    said = tuple(content.get(name) for name in ("contract", "tenant", "period", "until_ms"))
    return said == (judged.contract, judged.tenant, judged.period, judged.until_ms)


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _items(value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from value.items()

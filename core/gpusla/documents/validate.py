"""
Hold a document against a pydantic model; the first thing that is wrong becomes one sentence.

A file of another kind is told first, then keys that are not known (a misspelt key also leaves the
right one missing, and the spelling is what the reader must hear of), then the rest from the top.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from gpusla.catalogue.codes import CODES, MISSING_KEY, UNKNOWN_KEY, WRONG_TYPE, ErrorCode
from gpusla.documents.read import Document, Node, Path, shown
from gpusla.errors import InputError, Position

Model = TypeVar("Model", bound=BaseModel)

_CODE_BY_NAME = {code.name: code for code in CODES}
_HEADER = ("apiVersion", "kind")
_MISSING = {"missing", "union_tag_not_found"}
_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "none_required": "nothing",
}


def problem(code: ErrorCode, message: str, fix: str = "", at: Path = ()) -> PydanticCustomError:
    """
    Return what a pydantic validator raises to say the sentence itself.

    message: without the field's name, which is put before it, and without a full stop.
    at: where below the validated value the trouble is.
    """
    words: Any = code.name  # a LiteralString to the type checker; a catalogue name to us
    return PydanticCustomError(words, "{message}", {"message": message, "fix": fix, "at": at})


def validate(model: type[Model], document: Document, error: type[InputError] = InputError) -> Model:
    """
    Return the document as a model.

    Raises error with place, field, value, cause and way out for the first thing that is wrong.
    """
    try:
        return model.model_validate(document.data)
    except ValidationError as cause:
        problems = [_Problem(details, document) for details in cause.errors(include_url=False)]
        first = min(problems, key=lambda found: found.order)
        raise first.told(model, error) from cause


class _Problem:
    """One complaint of pydantic, with its place in the document."""

    def __init__(self, details: ErrorDetails, document: Document) -> None:
        self._details = details
        self._document = document
        context: dict[str, Any] = details.get("ctx") or {}
        self._context = context
        self.kind = details["type"]
        location: Path = (*details["loc"], *context.get("at", ()))
        if self.kind.startswith("union_tag_"):
            location = (*location, context["discriminator"].strip("'"))
        self.path = _path_in(document.root, location, self.kind)

    @property
    def order(self) -> tuple[int, int, int]:
        position = self._position()
        rank = 0 if self.path[:1] and self.path[0] in _HEADER else 2
        if self.kind == "extra_forbidden":
            rank = 1
        return rank, position.line, position.column

    def told(self, model: type[BaseModel], error: type[InputError]) -> InputError:
        """Return the error to raise."""
        if self.kind == "extra_forbidden":
            code, message, fix = UNKNOWN_KEY, "is not a known key", self._spelling(model)
        elif self.kind in _MISSING:
            code, message, fix = MISSING_KEY, "is missing", ""
        elif self.kind in _CODE_BY_NAME:
            code = _CODE_BY_NAME[self.kind]
            message, fix = self._details["msg"], self._context.get("fix", "")
        else:
            code, message, fix = WRONG_TYPE, *self._wrong_value()
        name = field_name(self.path)
        sentence = f"{name}: {message}" if code not in {UNKNOWN_KEY, MISSING_KEY} else message
        if code in {UNKNOWN_KEY, MISSING_KEY}:
            sentence = f"{name} {message}"
        return error(code, sentence if name else message, fix=fix, position=self._position())

    def _position(self) -> Position:
        if self.kind == "extra_forbidden":
            return self._document.key_position(self.path)
        return self._document.position(self.path)

    def _wrong_value(self) -> tuple[str, str]:
        value = shown(self._details.get("input"))
        if self.kind in _EXPECTED:
            wanted = _EXPECTED[self.kind]
            quotes = " Put it in quotes." if self.kind == "string_type" else ""
            return f"{value} is not {wanted}", f"Write {wanted} here.{quotes}"
        if self.kind == "literal_error":
            return f"{value} is not allowed", f"Write {self._context['expected']}."
        if self.kind == "union_tag_invalid":
            words = self._context["expected_tags"].replace(", ", " or ")
            return f"{self._context['tag']!r} is not allowed", f"Write {words}."
        if self.kind == "too_short":
            return f"{value} of {self._context['actual_length']} is too short", (
                f"Write at least {self._context['min_length']}."
            )
        if self.kind == "value_error":
            return f"{value}: {self._context['error']}", ""
        words = self._details["msg"].partition(" should ")[2] or self._details["msg"]
        return f"{value} is not allowed", f"It should {words}."

    def _spelling(self, model: type[BaseModel]) -> str:
        known = sorted(_keys_at(model, self.path[:-1]))
        if self.path[-1] in known:
            return "Remove it, or the key beside it that it does not go with."
        near = get_close_matches(str(self.path[-1]), known, n=1, cutoff=0.7)
        if near:
            return f"Write {near[0]!r} if that is meant, or remove it."
        return f"Remove it; known here are {', '.join(known)}." if known else ""


def field_name(path: Path) -> str:
    """Write a path the way people do: `slos[0].target`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _path_in(root: Node, location: Path, kind: str) -> Path:
    """Drop the parts of pydantic's location that are its own, such as the branch of a union."""
    path: list[str | int] = []
    node = root
    for place, part in enumerate(location):
        if part in node.children:
            path.append(part)
            node = node.children[part]
        elif kind in _MISSING and place == len(location) - 1:
            path.append(part)
    return tuple(path)


def _keys_at(model: type[BaseModel], path: Path) -> set[str]:
    """Return the keys that the models at path know; path holds no list indices that matter."""
    models = {model}
    for part in path:
        if isinstance(part, str):
            models = {
                inner
                for outer in models
                for name, info in outer.model_fields.items()
                if (info.alias or name) == part
                for inner in _models_in(info.annotation)
            } or models
    return {info.alias or name for found in models for name, info in found.model_fields.items()}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)

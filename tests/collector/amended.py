"""A contract that is amended within a month."""

from tests.collector.stage import ALPHA, Stage

PAPER = ("Contract", f"contracts/{ALPHA}.yaml")


def amend(stage: Stage, version: int, day: int) -> None:
    """Take another version in, in force from a day of July on."""
    text = stage.files.texts[PAPER].replace("version: 1", f"version: {version}")
    text = text.replace("effective_from: 2026-07-01", f"effective_from: 2026-07-{day:02}")
    stage.files.texts["Contract", f"contracts/{version}.yaml"] = text

"""The schema's revisions, as the migrations' files are numbered."""

from pathlib import Path

from gpusla_collector.adapters.sql import migrations

_FILES = Path(str(migrations.__file__)).parent.glob("versions/r*.py")
*OLDER, NEWEST = sorted(file.name[1:5] for file in _FILES)
"""A database is upgraded from each of the older ones to the newest."""

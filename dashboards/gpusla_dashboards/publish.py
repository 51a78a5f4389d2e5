"""
Pushes the pages to a Grafana over its API, for those who cannot give it files.

Files are the way: they need no token and come back after a restart. This is thin on purpose.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from gpusla.catalogue.codes import FILE_UNREADABLE, GRAFANA_REFUSED
from gpusla.errors import InputError, ServiceError

TIMEOUT_SECONDS = 10.0
MESSAGE = "published by gpusla"


def publish(
    pages: Mapping[str, str], client: httpx.Client, token: str, folder: str = ""
) -> tuple[str, ...]:
    """
    Write every page to the Grafana that the client's base URL names; give their addresses there.

    pages: JSON by file name.  folder: UID of an existing folder, the general one when empty.
    A page that is there already is written over: Grafana keeps its earlier versions.
    Raises ServiceError if Grafana does not answer or refuses a page; those before it are written.
    """
    return tuple(
        push(json.loads(text), name, client, token, folder) for name, text in pages.items()
    )


def push(
    page: Mapping[str, object], name: str, client: httpx.Client, token: str, folder: str
) -> str:
    """Write one page and give its address."""
    body = {"dashboard": page, "overwrite": True, "message": MESSAGE, "folderUid": folder}
    with translated(name):
        answer = client.post(
            "/api/dashboards/db", json=body, headers={"Authorization": f"Bearer {token}"}
        )
        answer.raise_for_status()
        return str(client.base_url.join(str(answer.json()["url"])))


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn what the network and Grafana may answer into our errors, without the token."""
    try:
        yield
    except httpx.HTTPStatusError as error:
        said = error.response.text[:200]
        raise ServiceError(
            GRAFANA_REFUSED, f"Grafana answered {error.response.status_code} to {name}: {said}"
        ) from error
    except httpx.HTTPError as error:
        raise ServiceError(
            GRAFANA_REFUSED, f"Grafana could not be reached for {name}: {error}"
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise ServiceError(
            GRAFANA_REFUSED, f"Grafana's answer to {name} has no address of the dashboard"
        ) from error


def read_token(file: Path) -> str:
    """Read a token from a file, so that it stands in no list of processes."""
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            FILE_UNREADABLE, f"the token file {file} cannot be read: {error}"
        ) from error

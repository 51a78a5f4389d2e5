"""Who a sample is about: the labels of three generations of pages, and of Kubernetes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gpusla_agent.dcgm_exporter.page import Workload

LENGTH_MAX = 200
"""Characters of a label that are kept; what is shown to people has no need of more."""

_UUID = re.compile(r"GPU-[0-9A-Za-z-]{1,60}", re.ASCII)
_INDEX = re.compile(r"[0-9]{1,4}", re.ASCII)
_OF_ANOTHER = ("nvlink", "nvswitch", "cpu", "cpucore")


@dataclass(frozen=True, slots=True)
class About:
    """The GPU that a sample is about; instance and profile are empty unless it is a MIG one."""

    uuid: str
    instance: str
    profile: str


def about(labels: Mapping[str, str]) -> About | None:
    """Return whom a sample is about, None if its labels name no GPU."""
    uuid = first(labels, "UUID", "uuid")
    if not _UUID.fullmatch(uuid):
        return None
    return About(uuid, first(labels, "GPU_I_ID"), first(labels, "GPU_I_PROFILE"))


def is_of_another(labels: Mapping[str, str]) -> bool:
    """Return whether a sample is about a link, a switch or a processor."""
    return any(label in labels for label in _OF_ANOTHER)


def workload(labels: Mapping[str, str]) -> Workload | None:
    """Return the container that a sample names, None if it names none."""
    pod = first(labels, "pod", "pod_name")
    namespace = first(labels, "namespace", "pod_namespace")
    container = first(labels, "container", "container_name")
    return Workload(pod, namespace, container) if pod or container else None


def index(labels: Mapping[str, str]) -> int | None:
    """Return DCGM's number of the GPU."""
    text = first(labels, "gpu")
    return int(text) if _INDEX.fullmatch(text) else None


def first(labels: Mapping[str, str], *names: str) -> str:
    """Return the first label that is not empty, cut to what is kept."""
    return next((labels[name] for name in names if labels.get(name)), "")[:LENGTH_MAX]

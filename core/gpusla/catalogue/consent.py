"""What must have been agreed before something may be read; apart, because the worker imports it."""

from enum import StrEnum


class Consent(StrEnum):
    """
    What a contract must have agreed to before a reading may be taken at all.

    capacity: always; it is what the contract is about.
    """

    CAPACITY = "capacity"
    ACTIVITY = "activity"
    PROCESSES = "processes"
    JOB_NAMES = "job_names"

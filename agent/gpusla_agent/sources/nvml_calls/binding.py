"""
NVML through its binding: the one module that imports pynvml.

The binding loads the library and finds its functions; the calls themselves are made with buffers of
our own, because the binding builds new ones at every call and raises where a code will do.  A call
gives its return code: "not supported" and "fell off the bus" must part ways at once.
"""

import ctypes
from collections.abc import Callable
from typing import Any

import pynvml as nvml

SUCCESS, INVALID_ARGUMENT, NOT_SUPPORTED, NOT_FOUND, INSUFFICIENT_SIZE = 0, 2, 3, 6, 7
TIMEOUT, FUNCTION_NOT_FOUND, GPU_IS_LOST, RESET_REQUIRED = 10, 13, 15, 16
VERSION_MISMATCH, UNKNOWN = 25, 999

ABSENT = frozenset({NOT_SUPPORTED, FUNCTION_NOT_FOUND, VERSION_MISMATCH})
"""What a driver does not have: worth remembering for a while, unlike what failed once."""

_functions: dict[str, Callable[..., int]] = {}


def start() -> int:
    """Load the library and initialise it; return the code."""
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        return int(error.value)
    return SUCCESS


def call(name: str, *arguments: Any) -> int:
    """
    Make one call and return its code; 13 if the library has no such function.

    Pointers are handed over as ctypes has them (byref, c_void_p); a mistake is a segmentation
    fault, so nothing outside this package may call this.
    """
    function = _functions.get(name)
    if function is None:
        try:
            # The binding's only way to a symbol; it knows which library was loaded, from where.
            function = _functions[name] = nvml._nvmlGetFunctionPointer(name)  # noqa: SLF001
        except nvml.NVMLError as error:
            return int(error.value)
    return function(*arguments)


def count() -> tuple[int, int]:
    """Return the code, and how many GPUs the driver lists."""
    listed = ctypes.c_uint()
    code = call("nvmlDeviceGetCount_v2", ctypes.byref(listed))
    return code, listed.value


def handle_by_index(index: int) -> tuple[int, ctypes.c_void_p]:
    """Return the code, and the handle of a place in the driver's list."""
    handle = ctypes.c_void_p()
    code = call("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), ctypes.byref(handle))
    return code, handle

"""
NVML, call by call: codes beside values, buffers that are used again, nothing built per pass.

`binding` is the one module that imports pynvml; `structs` says how what the driver writes is laid
out; the others each read one kind of thing.  All of it runs in the worker process, so it imports
as little as it can.
"""

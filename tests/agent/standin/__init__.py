"""The NVML stand-in, met through NVIDIA's own binding and header."""

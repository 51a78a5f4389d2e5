"""Lines of a page, as dcgm-exporter writes them."""

UUID = "GPU-604ac76c-d9cf-fef3-62e9-d92044ab6e52"
OTHER = "GPU-bc5610b9-79c8-fedd-8899-07539c7f868a"


def sample(name: str, value: object, **labels: str) -> str:
    """Return one line; of the GPU UUID unless labels say otherwise."""
    pairs = {"gpu": "0", "UUID": UUID, "modelName": "NVIDIA H100", "Hostname": "node-1", **labels}
    inside = ",".join(f'{label}="{text}"' for label, text in pairs.items())
    return f"DCGM_FI_{name}{{{inside}}} {value}\n"

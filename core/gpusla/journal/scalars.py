"""The two kinds of values that records are made of, each refused where another one stands."""


def integer(value: object) -> int:
    """Return a whole number; raises TypeError for anything else, `true` and `false` too."""
    if type(value) is not int:
        raise TypeError(value)
    return value


def text(value: object) -> str:
    """Return a string; raises TypeError for anything else."""
    if not isinstance(value, str):
        raise TypeError(value)
    return value

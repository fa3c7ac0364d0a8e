"""What an option may be, refused in one sentence where it is something else."""


def require(holds: bool, option: str, value: object, allowed: str) -> None:
    """Raises ValueError naming the option, its value and what is allowed.

    >>> require(2 > 3, "rate", 2, "above 3")
    Traceback (most recent call last):
    ValueError: rate is 2; allowed is above 3
    """
    if not holds:
        raise ValueError(f"{option} is {value!r}; allowed is {allowed}")

"""The points of a refresh at which a test stops the process."""


def reached(point: str) -> None:
    """Does nothing; tests replace it to kill the process at `point`."""

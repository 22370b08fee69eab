"""A list of customers that fits into the parameters of an analysis."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from crm_core.errors import FieldError, Invalid


@dataclass(frozen=True)
class CustomerList:
    """The keys of customers, packed: about a byte a customer. Make one with `of`.

    Raises:
        Invalid: the list is damaged.
    """

    packed: str

    def __post_init__(self) -> None:
        self.ids()

    @classmethod
    def of(cls, ids: Collection[int] | NDArray[np.int64]) -> Self:
        """The customers with these keys, in any order; nobody is a list too."""
        rising = np.unique(np.fromiter(ids, dtype=np.int64, count=len(ids)))
        return cls(b64encode(zlib.compress(np.diff(rising, prepend=0).astype("<i8").tobytes())).decode())

    def ids(self) -> NDArray[np.int64]:
        """The keys, rising, each once."""
        try:
            steps = np.frombuffer(zlib.decompress(b64decode(self.packed, validate=True)), dtype="<i8")
        except (ValueError, zlib.error) as error:
            raise Invalid({"listed": FieldError("The list of customers is damaged.")}) from error
        keys: NDArray[np.int64] = np.cumsum(steps)
        return keys

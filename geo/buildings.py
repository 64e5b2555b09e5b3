"""
Buildings as places: an incident that names one by its code or its address lies there, whatever its coordinates say.

An address counts within the community that the point lies in, and where no other building there has the same.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.db import Connection, first, rows, statements
from geo.errors import Invalid
from geo.units import path_ids

SQL = statements("buildings")
NONE = -1

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class UnknownBuilding(Invalid):
    """There is no building with that code."""

    zh = "没有此编码的楼栋。"


@dataclass(frozen=True)
class Building:
    """A building, and a point in it in EPSG:4326: the one whose micro-grid is the building's."""

    id: int
    code: str
    lon: float
    lat: float


def named(conn: Connection, code: str) -> Building:
    """The building of that code; raises `UnknownBuilding`."""
    found = first(conn, SQL["named"], code=code)
    if found is None:
        raise UnknownBuilding
    return Building(**found)


def of_address(conn: Connection, address: str, path: str) -> Building | None:
    """The one building of exactly that address in the community of a micro-grid, whose path is given."""
    found = rows(conn, SQL["of_address"], address=address.strip(), above=path_ids(path)[:-1])
    return Building(**found[0]) if len(found) == 1 else None


@dataclass(frozen=True)
class Buildings:
    """
    All buildings, for many rows.

    Attributes
    ----------
    id, lon, lat
        Of each, shape (n,).
    codes
        Positions by code.
    addresses
        Positions by community path and address, where they are one building's alone.
    communities
        The path of the community of each micro-grid, by its path.
    """

    id: IntArray
    lon: FloatArray
    lat: FloatArray
    codes: pd.Series
    addresses: pd.Series
    communities: pd.Series

    @classmethod
    def read(cls, conn: Connection) -> "Buildings":
        """All buildings, and the communities in force."""
        columns = ["id", "code", "address", "path", "lon", "lat"]
        found = pd.DataFrame(rows(conn, SQL["all"]), columns=columns)
        communities = pd.DataFrame(rows(conn, SQL["communities"]), columns=["path", "community"])
        of = communities.set_index("path")["community"]
        place = pd.Series(np.arange(len(found)), dtype=np.int64)
        keys = pd.MultiIndex.from_arrays([found["path"].map(of), found["address"]])
        alone = ~keys.duplicated(keep=False) & found["address"].notna().to_numpy()
        return cls(
            found["id"].to_numpy(dtype=np.int64),
            found["lon"].to_numpy(dtype=np.float64),
            found["lat"].to_numpy(dtype=np.float64),
            place.set_axis(found["code"]),
            place[alone].set_axis(keys[alone]),
            of,
        )

    def named(self, codes: list[str | None]) -> IntArray:
        """The positions of buildings by code, `NONE` where no code is given or known, shape (n,)."""
        return cast(IntArray, self.codes.index.get_indexer(pd.Index(codes, dtype=object)).astype(np.int64))

    def of_addresses(self, addresses: list[str | None], paths: list[str]) -> IntArray:
        """The positions of buildings by address in the communities of micro-grids, `NONE` where there is not one."""
        if self.addresses.empty:
            return np.full(len(addresses), NONE, dtype=np.int64)
        communities = pd.Series(paths, dtype=object).map(self.communities)
        asked = pd.MultiIndex.from_arrays([communities, pd.Series(addresses, dtype=object)])
        found = self.addresses.index.get_indexer(asked)
        return np.where(found == NONE, NONE, self.addresses.to_numpy()[found]).astype(np.int64)

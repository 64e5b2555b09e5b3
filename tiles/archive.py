"""Tiles of an area in one file (PMTiles 3), for phones without a network and for mirrors."""

from collections.abc import Callable, Sequence
from pathlib import Path

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from geo.errors import Invalid
from tiles.cache import Packed
from tiles.layers import TileLayer, tiles_in, vector_layers

MOST_TILES = 1_000_000
Bounds = tuple[float, float, float, float]
Read = Callable[[TileLayer, int, int, int], bytes]


class TooManyTiles(Invalid):
    """The box holds too many tiles at these zooms; take a smaller one, or a lower zoom at the most."""

    zh = "该范围在所选级别下瓦片过多；请缩小范围或降低最大级别。"


class NothingThere(Invalid):
    """There is nothing in the box that an archive could hold."""

    zh = "该范围内没有可导出的内容。"


def write(out: Path, layers: Sequence[TileLayer], bounds: Bounds, zooms: Sequence[int], read: Read) -> int:
    """
    Write the tiles that meet a box; each holds what all layers have there.

    Parameters
    ----------
    out
        The file; it is written beside and put in its place when it is whole.
    layers
        Of the catalogue.
    bounds
        West, south, east, north in degrees (EPSG:4326).
    zooms
        Which zooms.
    read
        Gives a layer's tile at zoom, column, row; empty if there is nothing.

    Returns
    -------
    int
        How many tiles were written; empty ones are not.

    Raises
    ------
    TooManyTiles, NothingThere
    """
    wanted = _wanted(bounds, zooms)
    beside = out.with_name(out.name + ".part")
    try:
        with beside.open("wb") as file:
            writer = Writer(file)
            written = sum(_put(writer, tile, layers, read) for tile in wanted)
            if not written:
                raise NothingThere
            writer.finalize(_header(bounds, zooms), _metadata(layers))
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)
    return written


def _wanted(bounds: Bounds, zooms: Sequence[int]) -> list[tuple[int, int, int]]:
    found: list[tuple[int, int, int]] = []
    for tile in tiles_in(bounds, zooms):
        found.append(tile)
        if len(found) > MOST_TILES:
            raise TooManyTiles(f"More than {MOST_TILES:,}.")
    return sorted(found, key=lambda tile: zxy_to_tileid(*tile))


def _put(writer: Writer, tile: tuple[int, int, int], layers: Sequence[TileLayer], read: Read) -> bool:
    zoom = tile[0]
    # A tile is a list of layers: written one after the other, tiles are one tile.
    whole = b"".join([read(layer, *tile) for layer in layers if layer.minzoom <= zoom <= layer.maxzoom])
    if whole:
        writer.write_tile(zxy_to_tileid(*tile), Packed.of(whole).content)
    return bool(whole)


def _header(bounds: Bounds, zooms: Sequence[int]) -> dict[str, object]:
    west, south, east, north = (round(degrees * 10_000_000) for degrees in bounds)
    return {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        "center_zoom": min(zooms),
        "center_lon_e7": (west + east) // 2,
        "center_lat_e7": (south + north) // 2,
    }


def _metadata(layers: Sequence[TileLayer]) -> dict[str, object]:
    return {"name": "Wangge 网格", "type": "overlay", "vector_layers": vector_layers(layers)}

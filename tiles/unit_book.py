"""The editions whose tiles one process holds: what is in force, prepared in the background, and what was asked for."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from geo.edition import BASE, Edition
from tiles.unit_tiles import UnitTiles

HELD = 4


@dataclass(frozen=True)
class Prepared:
    """
    The tiles of one edition.

    Attributes
    ----------
    digest
        Tells it from every other.
    tiles
        Of its base.
    overlaid
        Whether it has units of other layers too.
    """

    digest: str
    tiles: UnitTiles
    overlaid: bool


class UnitBook:
    """The unit tiles of one process, by edition."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._held: OrderedDict[str, Prepared] = OrderedDict()
        self._ahead: set[str] = set()

    def at_hand(self, edition: Edition) -> Prepared | None:
        """The tiles of an edition, if they are held."""
        return self._held.get(edition.digest)

    def of(self, edition: Edition) -> Prepared:
        """The tiles of an edition."""
        with self._turn:
            if edition.digest not in self._held:
                units = edition.units
                base = units["layer"] == BASE
                self._held[edition.digest] = Prepared(edition.digest, UnitTiles(units[base]), not base.all())
            self._held.move_to_end(edition.digest)
            while len(self._held) > HELD:
                self._held.popitem(last=False)
            return self._held[edition.digest]

    def ahead(self, edition: Edition) -> Prepared:
        """The tiles of an edition that will be asked for throughout: its zooms are prepared in the background."""
        prepared = self.of(edition)
        with self._turn:
            if edition.digest not in self._ahead:
                self._ahead = {edition.digest}
                threading.Thread(target=prepared.tiles.prepare_all, name="tiles-ahead", daemon=True).start()
        return prepared

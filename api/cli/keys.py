"""The key ring of a command: where the operator's settings say."""

from geo.keys import KeyRing, key_directory, open_ring
from geo.settings import settings


def ring() -> KeyRing:
    """The keys of this installation; raises `KeysUnsafe`."""
    chosen = settings()
    return open_ring(key_directory(chosen), chosen.state_dir)

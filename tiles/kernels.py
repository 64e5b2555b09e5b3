"""
How kernels are compiled: serial, without the interpreter's lock, kept on disk.

Numba counts the holders of each array in atomic steps of five nanoseconds, at each turn that an array or a named tuple
of arrays takes. Of a tile that was nearly half of the time. A kernel that takes no memory has no need of the count,
for its caller holds all that it is given: `bare` ones are compiled without. What a kernel calls inherits the choice,
if it makes none of its own; hence all kernels here make one.
"""

from numba import njit

taking = njit(cache=True, nogil=True, _nrt=True)
"""For a kernel that takes memory or hands on a part of an array."""
bare = njit(cache=True, nogil=True, _nrt=False)
"""For a kernel that reads and writes what it is given, and nothing else."""
inlined = njit(cache=True, nogil=True, _nrt=False, inline="always")
"""The same, written out where it is called."""

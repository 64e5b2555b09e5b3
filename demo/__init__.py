"""The demonstration league: real names and codes, everything else made and marked synthetic."""

from demo.league import SEED
from demo.loading import Report, load

__all__ = ["SEED", "Report", "load"]

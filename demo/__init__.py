"""The demonstration league: real names and codes, everything else made and marked synthetic."""

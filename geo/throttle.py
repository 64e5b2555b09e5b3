"""
How often somebody may try: counts kept in the process, by what was tried and from where.

Tries at one account are counted for each address apart, so that nobody can lock an account's owner out from elsewhere.
"""

import ipaddress
import math
import time

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from geo.errors import WanggeError

PER_ACCOUNT = RateLimitItemPerMinute(10, 15, namespace="account")  # tries at an account from an address, in 15 minutes
PER_ADDRESS = RateLimitItemPerMinute(60, 15, namespace="address")  # failures from an address: an office behind one
REPORTS = RateLimitItemPerHour(120, namespace="reports")  # by the public from an address
JOURNEYS = RateLimitItemPerMinute(120, 15, namespace="journeys")  # to an identity provider, from an address
PHOTOS = RateLimitItemPerHour(360, namespace="photos")  # with reports by the public from an address


class TooManyAttempts(WanggeError):
    """Too many attempts from here; wait, then try again."""

    zh = "尝试次数过多，请稍后再试。"

    def __init__(self, wait_s: int) -> None:
        self.wait_s = wait_s
        super().__init__()


class Throttle:
    """The counts of one process."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def try_account(self, account: str, address: str) -> None:
        """Count a try at an account before its password is looked at; raises `TooManyAttempts`."""
        near = network(address)
        if not self._limiter.test(PER_ADDRESS, near):
            raise self._refusal(PER_ADDRESS, near)
        if not self._limiter.hit(PER_ACCOUNT, account, near):
            raise self._refusal(PER_ACCOUNT, account, near)

    def failed(self, address: str) -> None:
        """Count a wrong password against the address."""
        self._limiter.hit(PER_ADDRESS, network(address))

    def succeeded(self, account: str, address: str) -> None:
        """Forget the tries before the right password."""
        self._limiter.clear(PER_ACCOUNT, account, network(address))

    def report(self, address: str) -> None:
        """Count a report by the public; raises `TooManyAttempts`."""
        self._count(REPORTS, address)

    def journey(self, address: str) -> None:
        """Count a sign-in that goes to an identity provider; raises `TooManyAttempts`."""
        self._count(JOURNEYS, address)

    def photo(self, address: str) -> None:
        """Count a photograph with a report; raises `TooManyAttempts`."""
        self._count(PHOTOS, address)

    def _count(self, item: RateLimitItem, address: str) -> None:
        near = network(address)
        if not self._limiter.hit(item, near):
            raise self._refusal(item, near)

    def _refusal(self, item: RateLimitItem, *keys: str) -> TooManyAttempts:
        again_at = self._limiter.get_window_stats(item, *keys).reset_time
        return TooManyAttempts(max(1, math.ceil(again_at - time.time())))


def network(address: str) -> str:
    """What is counted as one place: an IPv4 address, or the 64 bits of IPv6 that one customer is given."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    prefix = 64 if known.version == 6 else 32
    return str(ipaddress.ip_network((known, prefix), strict=False))

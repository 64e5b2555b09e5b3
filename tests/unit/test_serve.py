import pytest

from api.cli.serve import NoTls, run
from api.guard import is_loopback
from geo.settings import Settings


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.5", "10.0.0.1", "example.org", "", "127.0.0.1.example.org"]
)
def test_an_address_that_others_can_reach_is_refused_before_anything_starts(host: str):
    with pytest.raises(NoTls):
        run(Settings(host=host, dsn="host=/nowhere"))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_a_name_of_this_machine_is_known_as_such(host: str):
    assert is_loopback(host)

import pytest

from geo.throttle import PER_ACCOUNT, PER_ADDRESS, Throttle, TooManyAttempts, network


def exhaust(throttle: Throttle, account: str, address: str) -> int:
    """How many tries at an account an address has."""
    tried = 0

    def on_and_on() -> None:
        nonlocal tried
        for _ in range(1_000):
            throttle.try_account(account, address)
            throttle.failed(address)
            tried += 1

    with pytest.raises(TooManyAttempts) as refused:
        on_and_on()
    assert 0 < refused.value.wait_s <= 15 * 60
    return tried


def test_tries_at_an_account_from_one_place_do_not_count_elsewhere() -> None:
    throttle = Throttle()
    assert exhaust(throttle, "desk", "10.0.0.1") == PER_ACCOUNT.amount
    assert exhaust(throttle, "desk", "10.0.0.2") == PER_ACCOUNT.amount


def test_an_address_that_tries_many_accounts_is_stopped() -> None:
    throttle = Throttle()
    tried = sum(exhaust(throttle, f"desk-{n}", "10.0.0.1") for n in range(20))
    assert tried == PER_ADDRESS.amount
    throttle.try_account("desk-0", "10.0.0.2")


def test_the_right_password_makes_the_tries_before_it_forgotten() -> None:
    throttle = Throttle()
    for _ in range(5):
        for _ in range(PER_ACCOUNT.amount - 1):
            throttle.try_account("desk", "10.0.0.1")
        throttle.succeeded("desk", "10.0.0.1")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "10.0.0.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("testclient", "", True),
    ],
)
def test_one_customer_is_one_place(one: str, other: str, *, same: bool) -> None:
    assert (network(one) == network(other)) == same

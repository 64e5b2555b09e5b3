"""What is kept of a password."""

from geo import passwords


def test_a_guess_costs_what_rfc_9106_recommends_where_memory_is_dear() -> None:
    kept = passwords.hashed("brown kettle over snow", "desk")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.fits("brown kettle over snow", kept)
    assert not passwords.fits("brown kettle over show", kept)

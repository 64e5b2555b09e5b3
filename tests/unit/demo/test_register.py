"""The registers of names: what is a place where people live, and what the sources say differently."""

import pytest

from demo.counties import COUNTIES, boundaries
from demo.disagreements import aliases, disagreements
from demo.register import civil_affairs, communities, short_name, townships


@pytest.mark.parametrize(
    ("register_name", "name"),
    [
        ("万佳社区居委会", "万佳社区"),
        ("红光村委会", "红光村"),
        ("茂力格尔嘎查委会", "茂力格尔嘎查"),
        ("伊力特嘎查人民委员会", "伊力特嘎查"),
        ("铁路居民委员会", "铁路社区"),
        ("跃进马场一队居民委员会", "跃进马场一队"),
        ("布敦化牧场第一居民委员会", "布敦化牧场第一居民区"),
        ("永联嘎查", "永联嘎查"),
    ],
)
def test_a_place_is_called_without_the_committee_that_runs_it(register_name: str, name: str) -> None:
    assert short_name(register_name) == name


def test_the_register_holds_what_it_was_measured_to_hold() -> None:
    assert len(townships()) == 90
    assert townships()["pseudo"].sum() == 20
    assert len(communities()) == 1_120
    assert len(civil_affairs()) == 71


def test_farms_and_ranches_are_kept_and_zones_and_prisons_left_out() -> None:
    pseudo = townships()[lambda rows: rows["pseudo"]]
    assert set(pseudo["kind"][pseudo["inhabited"]]) == {"farm", "ranch"}
    assert set(pseudo["kind"][~pseudo["inhabited"]]) == {"development_zone", "mining_area", "prison"}


def test_every_entry_of_the_registers_has_a_kind() -> None:
    assert "other" not in set(townships()["kind"]) | set(communities()["kind"])


def test_the_table_of_disagreements_names_both_sides_of_each_count() -> None:
    counts = disagreements()[lambda rows: rows["topic"] == "count"].set_index("name")
    assert counts.loc["嘎查村", ["statistics", "other"]].tolist() == ["871", "850"]
    assert counts.loc["社区", ["statistics", "other"]].tolist() == ["172", "155"]


def test_every_pseudo_unit_is_listed_as_kept_or_left_out() -> None:
    topics = disagreements()["topic"].value_counts()
    assert (topics["kept_pseudo_unit"], topics["left_out"]) == (12, 8)


def test_a_township_carries_its_civil_affairs_code_beside_the_other() -> None:
    found = aliases().set_index("unit_code")
    assert found.loc["152201009000", "code"] == "152201010"  # 新城街道
    assert found.loc["152222102000", "name"] == "吐列毛都镇"  # which statistics writes 吐列毛杜镇
    assert len(found) == 70


def test_the_six_counties_are_real_polygons() -> None:
    found = boundaries()
    assert list(found.index) == [county.adcode for county in COUNTIES]
    assert found.is_valid.all()
    assert found.crs is not None
    assert found.crs.to_epsg() == 4326

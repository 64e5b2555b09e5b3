from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import BadOption, UnknownTimezone
from geo.load_fields import FIELDS, Field, Reading, nearest, propose, read_field
from geo.load_frames import zone_of
from geo.rejects import Verdicts

SHANGHAI = Reading(ZoneInfo("Asia/Shanghai"), None, {}, {})


def read(kind: Any, values: list[Any], reading: Reading = SHANGHAI, **spec: Any) -> tuple[list[Any], list[str | None]]:
    verdicts = Verdicts.of(len(values))
    read = read_field("field", Field(kind, **spec), pd.Series(values, dtype=object), reading, verdicts)
    return [None if not isinstance(v, list) and pd.isna(v) else v for v in read], verdicts.reason.tolist()


def test_columns_are_found_by_chinese_and_english_names() -> None:
    columns = ["工单编号", "事项类别", "发生时间", "经度", "纬度", "Closed_At", "other"]
    assert propose("incidents", columns, {}) == {
        "source_key": "工单编号",
        "category": "事项类别",
        "occurred_at": "发生时间",
        "closed_at": "Closed_At",
        "lon": "经度",
        "lat": "纬度",
    }


def test_a_column_that_is_mapped_by_hand_is_not_taken_for_another_field() -> None:
    assert propose("stations", ["name", "id"], {"kind": "name", "code": "id"}) == {"kind": "name", "code": "id"}


@pytest.mark.parametrize("asked", [{"colour": "name"}, {"name": "nome"}])
def test_a_field_or_column_that_is_not_there_is_refused(asked: dict[str, str]) -> None:
    with pytest.raises(BadOption):
        propose("stations", ["name"], asked)


@pytest.mark.parametrize(
    "text",
    ["2024-01-05 08:30", "2024-01-05T08:30:00", "2024/1/5 8:30", "2024年1月5日 8:30", "2024-01-05T00:30:00Z",
     "2024-01-05 01:30:00+01:00", "2024-01-05 08:30:00+08"],
)  # fmt: skip
def test_times_are_read_as_the_citys_clock_unless_they_name_a_zone(text: str) -> None:
    values, reasons = read("time", [text])
    assert reasons == [None]
    assert values[0] == datetime(2024, 1, 5, 8, 30, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_an_hour_that_summer_time_skips_or_doubles_is_read() -> None:
    madrid = Reading(ZoneInfo("Europe/Madrid"), None, {}, {})
    values, reasons = read("time", ["2024-03-31 02:30", "2024-10-27 02:30"], madrid)
    assert reasons == [None, None]
    assert [value.hour for value in values] == [1, 0]


@pytest.mark.parametrize(
    "text", ["2024-01-05 08+08", "2024-01-05 08:00:00 +08", "20240105T0800+08", "2024-01-05 8:00:00+8:00"]
)
def test_a_zone_that_is_written_in_an_unusual_way_is_read(text: str) -> None:
    values, reasons = read("time", [text, "2024-01-05 08:00:00", "x"])
    assert values[0] == values[1] == datetime(2024, 1, 5, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert reasons == [None, None, "bad_time"]


@pytest.mark.parametrize("beside", ["x", "2024/1/5 8:30", "2024-01-05 08:30:00.123456789+08:00"])
def test_the_key_of_what_a_row_says_does_not_depend_on_how_the_rows_beside_it_are_written(beside: str) -> None:
    text = "2024-01-05 08:30:00+08:00"
    columns = [read_field("t", Field("time"), pd.Series(rows, dtype="str"), SHANGHAI, Verdicts.of(2))
               for rows in ([text, text], [text, beside])]  # fmt: skip
    keys = [pd.util.hash_pandas_object(column, index=False).iloc[0] for column in columns]
    assert keys[0] == keys[1]


@pytest.mark.parametrize("text", ["yesterday", "2024-13-01", "31/12/2024", "12", "2024-02-30", "now", "Today", "nat"])
def test_what_is_no_time_is_refused(text: str) -> None:
    assert read("time", [text])[1] == ["bad_time"]


@pytest.mark.parametrize("at", [253402300800, 253402300800 * 100, -62135596801])
@pytest.mark.parametrize("zoned", [False, True])
def test_a_time_in_a_year_that_nobody_can_read_is_refused(at: int, zoned: bool) -> None:
    verdicts = Verdicts.of(2)
    raw = pd.Series([at, 0]).astype("datetime64[s]")
    raw = raw.dt.tz_localize("UTC") if zoned else raw
    assert read_field("at", Field("time"), raw, SHANGHAI, verdicts).isna().tolist() == [True, False]
    assert verdicts.reason.tolist() == ["bad_time", None]


def test_a_format_of_ones_own_and_seconds_since_1970_are_read() -> None:
    day_first = Reading(ZoneInfo("UTC"), "%d/%m/%Y", {}, {})
    assert read("time", ["31/12/2024"], day_first)[0] == [pd.Timestamp("2024-12-31", tz="UTC")]
    epoch = Reading(ZoneInfo("UTC"), "epoch", {}, {})
    zoned = Reading(ZoneInfo("UTC"), "%z %d.%m.%Y", {}, {})
    assert read("time", ["+0800 01.02.2024"], zoned)[0] == [pd.Timestamp("2024-01-31 16:00", tz="UTC")]
    assert read("time", ["86400", "x"], epoch) == ([pd.Timestamp("1970-01-02", tz="UTC"), None], [None, "bad_time"])


@pytest.mark.parametrize("text", ["31.12.2024 08:05", "31.12.2024, 08:05", "31.12.2024 08:05:00"])
def test_with_dots_the_day_comes_first(text: str) -> None:
    assert read("time", [text])[0] == [pd.Timestamp("2024-12-31 08:05", tz="Asia/Shanghai")]


def test_the_numbers_that_spreadsheets_keep_for_times_are_read_when_that_is_said() -> None:
    excel = Reading(ZoneInfo("Asia/Shanghai"), "excel", {}, {})
    values, reasons = read("time", [45658.5, "45658,5", "x"], excel)
    assert values[0] == pd.Timestamp("2025-01-01 12:00", tz="Asia/Shanghai")
    assert reasons == [None, "bad_time", "bad_time"]
    assert read("time", [45658.5])[1] == ["bad_time"]


def test_a_comma_is_a_point_in_coordinates_and_nowhere_else() -> None:
    verdicts = Verdicts.of(3)
    numbers = read_field("lon", Field("number"), pd.Series(["3,72916", "3.5", "1,2,3"]), SHANGHAI, verdicts)
    assert numbers.tolist()[:2] == [3.72916, 3.5]
    assert verdicts.reason.tolist() == [None, None, "bad_number"]
    assert read("number", ["1,234"])[1] == ["bad_number"]


def test_words_that_no_catalogue_knows_are_counted_with_and_without_a_default() -> None:
    for defaults in ({}, {"field": "day"}):
        reading = Reading(ZoneInfo("UTC"), None, {}, defaults)
        read("choice", ["白班", "x", "x", "y"], reading, choices={"白班": "day", "day": "day"})
        assert reading.unknown == {("field", "x"): 2, ("field", "y"): 1}


@given(st.text(max_size=12))
def test_the_nearest_value_is_one_of_the_field_or_none(word: str) -> None:
    spec = FIELDS["teams"]["shift"]
    assert nearest(spec, word) in {None, "day", "evening", "night", "all"}


def test_the_nearest_value_goes_by_names_by_last_parts_and_by_what_was_mapped() -> None:
    spec = Field("choice", choices={"environment.rubbish": "environment.rubbish", "垃圾堆积": "environment.rubbish"})
    assert nearest(spec, "rubish") == "environment.rubbish"
    assert nearest(spec, "afvall", {"afval": "environment.rubbish"}) == "environment.rubbish"
    assert nearest(spec, "hond") is None


def test_empty_values_are_missing_and_needed_ones_refused() -> None:
    assert read("text", ["", "  ", None, float("nan"), "a "]) == ([None, None, None, None, "a"], [None] * 5)
    assert read("text", [" ", "a"], needed=True)[1] == ["missing_value", None]


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x\udfffy"])
def test_nul_and_lone_surrogates_are_refused(text: str) -> None:
    assert read("text", [text, "b"])[1] == ["bad_text", None]


@pytest.mark.parametrize("text", ["inf", "-Infinity", "1e400", "9" * 400, "nan"])
def test_a_number_without_end_is_refused_alone_and_among_others(text: str) -> None:
    assert read("number", [text])[1] == ["bad_number"]
    assert read("number", [text, "about 5"])[1] == ["bad_number", "bad_number"]
    verdicts = Verdicts.of(2)
    read_field("field", Field("number"), pd.Series([float(text), 1.0]), SHANGHAI, verdicts)
    assert verdicts.reason.tolist() == [None if text == "nan" else "bad_number", None]


def test_numbers_are_whole_where_they_must_be() -> None:
    assert read("whole", ["3", 4, 5.0, "-1", "2.5", "x", "1e400", ""]) == (
        [3, 4, 5, None, None, None, None, None],
        [None, None, None, "bad_number", "bad_number", "bad_number", "bad_number", None],
    )


def test_a_choice_goes_by_its_names_its_map_and_its_default() -> None:
    choices = {"other": "other", "hazard": "hazard", "安全隐患": "hazard"}
    mapped = Reading(ZoneInfo("UTC"), None, {"field": {"peligro": "hazard"}}, {})
    assert read("choice", ["安全隐患", "Hazard", "peligro", "x"], mapped, choices=choices) == (
        ["hazard", "hazard", "hazard", None],
        [None, None, None, "unknown_value"],
    )
    defaulted = Reading(ZoneInfo("UTC"), None, {}, {"field": "other"})
    assert read("choice", ["x", None], defaulted, choices=choices) == (["other", "other"], [None, None])


def test_lists_are_split_at_every_common_separator() -> None:
    assert read("list", ["水暖、电工;开锁", None, "a,b|c"])[0] == [["水暖", "电工", "开锁"], [], ["a", "b", "c"]]


def test_yes_and_no_are_read_in_several_languages() -> None:
    assert read("yes_no", ["是", "No", "TRUE", "sí", "maybe"]) == (
        [True, False, True, True, None],
        [None, None, None, None, "unknown_value"],
    )


VALUES = st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.booleans(), st.datetimes())


@given(st.sampled_from(["text", "whole", "number", "yes_no", "time", "list", "choice"]), st.lists(VALUES, max_size=5))
def test_every_value_is_read_or_refused_or_missing(kind: Any, values: list[Any]) -> None:
    got, reasons = read(kind, values)
    assert len(got) == len(reasons) == len(values)


def test_no_two_fields_of_a_kind_go_by_the_same_name() -> None:
    for kind, fields in FIELDS.items():
        names = [name for spec in fields.values() for name in spec.names]
        assert len(names) == len(set(names)), kind


def test_a_time_zone_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(UnknownTimezone, match="Mars/Base"):
        zone_of("Mars/Base")


# How a machine writes; and one that a person wrote, for which every value of its column is looked at by itself.
PLAIN = {
    "time": st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2199, 1, 1)).map(
        lambda at: at.isoformat(" ", "seconds")
    ),
    "number": st.floats(-1e9, 1e9).map(repr),
    "text": st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=8),
}
BY_HAND = {"time": "2024/1/5 8:30", "number": "about 5", "text": "\x00"}


@pytest.mark.parametrize("kind", PLAIN)
@given(data=st.data(), zone=st.sampled_from(["", "+08:00", "-03:30"]))
def test_a_column_that_is_read_at_once_says_what_its_values_say_one_by_one(
    kind: Any, data: st.DataObject, zone: str
) -> None:
    said = data.draw(st.lists(st.none() | PLAIN[kind], max_size=6))
    said = [text + zone if text and kind == "time" else text for text in said]
    one_by_one, reasons = read(kind, [*said, BY_HAND[kind]])
    assert read(kind, said) == (one_by_one[:-1], reasons[:-1])


@pytest.mark.parametrize("text", ["2024-01-05 08:30:00+08", "2024-01-05 08:30:00.12+08", "2024-01-05 25:00:00"])
def test_a_time_is_read_alike_alone_and_among_others(text: str) -> None:
    alone, reason = read("time", [text])
    among, reasons = read("time", [text, "2024/1/5 8:30"])
    assert (alone, reason) == (among[:1], reasons[:1])

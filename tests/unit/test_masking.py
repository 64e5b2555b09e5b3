"""Numbers of persons do not get into what all may read, and what only looks like them stays as it was written."""

import re
import uuid
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.masking import LABELS, mask, mask_fields

PROVINCES = ["11", "15", "21", "22", "23", "31", "44", "50", "54", "62", "65", "71", "82"]
WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
CHINESE = str.maketrans("0123456789", "〇一二三四五六七八九")
MONGOLIAN = str.maketrans("0123456789", "᠐᠑᠒᠓᠔᠕᠖᠗᠘᠙")
CIRCLED = str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")
# Text that can stand beside a number and is none itself.
BESIDE = st.text(st.sampled_from("请打张家门口楼栋，。：；（）的是在abc!\n"), max_size=8)
AROUND = st.tuples(BESIDE, BESIDE)


def check_digit(seventeen: str) -> str:
    """By the polynomial form of ISO 7064 MOD 11-2: an oracle apart from the weights of the program."""
    rest = 0
    for digit in seventeen:
        rest = (rest + int(digit)) * 2 % 11
    return "0123456789X"[(12 - rest) % 11]


@st.composite
def identities(draw: st.DrawFn) -> str:
    born = date(1900, 1, 1) + timedelta(days=draw(st.integers(0, 45_000)))
    region = draw(st.sampled_from(PROVINCES)) + draw(st.from_regex(r"[0-9]{4}", fullmatch=True))
    number = f"{region}{born:%Y%m%d}" + draw(st.from_regex(r"[0-9]{3}", fullmatch=True))
    return number + check_digit(number)


@st.composite
def old_identities(draw: st.DrawFn) -> str:
    born = date(1930, 1, 1) + timedelta(days=draw(st.integers(0, 25_000)))
    region = draw(st.sampled_from(PROVINCES)) + draw(st.from_regex(r"[0-9]{4}", fullmatch=True))
    return f"{region}{born:%y%m%d}" + draw(st.from_regex(r"[0-9]{3}", fullmatch=True))


MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
LANDLINES = st.one_of(
    st.from_regex(r"(010|02[0-9])[2-9][0-9]{7}", fullmatch=True),
    st.from_regex(r"0[3-9][0-9]{2}[2-9][0-9]{6,7}", fullmatch=True),
)
PASSPORTS = st.one_of(st.from_regex(r"[EG][0-9]{8}", fullmatch=True), st.from_regex(r"E[A-Z][0-9]{7}", fullmatch=True))
WRITINGS = st.sampled_from([{}, WIDE, MONGOLIAN, CIRCLED])


def split(number: str, places: tuple[int, ...], sign: str) -> str:
    return sign.join(number[start:end] for start, end in pairwise([0, *places, len(number)]))


SIGNS = st.sampled_from([" ", "-", "－", "　", "—", " - ", "·", "\u200b", "\u2011", "\u00a0"])


@given(identities(), WRITINGS, st.data(), BESIDE, BESIDE)
def test_no_identity_number_survives_however_it_is_written(
    number: str, writing: dict[int, str], data: st.DataObject, before: str, after: str
) -> None:
    places = tuple(sorted(data.draw(st.sets(st.integers(1, 17), max_size=6))))
    written = split(number, places, data.draw(SIGNS)).translate(writing)
    assert mask(before + written + after).text == before + LABELS["identity"] + after


@given(identities(), st.from_regex(r"[0-9]{1,12}", fullmatch=True))
def test_an_identity_number_is_found_with_other_digits_glued_to_it(number: str, glued: str) -> None:
    assert number not in mask(f"电{glued}{number}").text
    assert number not in mask(f"电{number}{glued}").text


@given(old_identities(), WRITINGS, AROUND, st.sampled_from([(), (6, 12)]), SIGNS)
def test_no_old_identity_number_survives(
    number: str, writing: dict[int, str], around: tuple[str, str], places: tuple[int, ...], sign: str
) -> None:
    written = split(number, places, sign).translate(writing)
    assert mask(written.join(around)).text == LABELS["identity"].join(around)


GROUPS = st.sampled_from([(), (3, 7), (3,), (7,), (3, 6), (4, 8), (4, 7), (3, 5, 7, 9), tuple(range(1, 11))])


@given(st.builds(split, MOBILES, GROUPS, SIGNS), WRITINGS, AROUND, st.sampled_from(["", "+86", "+86 ", "0086-", "86 "]))
def test_no_mobile_number_survives(number: str, writing: dict[int, str], around: tuple[str, str], country: str) -> None:
    masked = mask((country + number.translate(writing)).join(around)).text
    assert masked.startswith(around[0])
    assert masked.endswith(LABELS["phone"] + around[1])
    assert sum(character.isdigit() for character in masked) <= 2


@given(MOBILES, BESIDE)
def test_a_mobile_number_in_chinese_digits_is_found(number: str, before: str) -> None:
    spoken = number.translate(CHINESE).replace("一", "幺", 1)
    assert mask(f"{before}{spoken}。").text == f"{before}{LABELS['phone']}。"


@given(LANDLINES, BESIDE, BESIDE, st.sampled_from(["{}{}", "{}-{}", "({}){}", "（{}）{}", "{} {}", "{}－{}"]), WRITINGS)
def test_no_landline_number_survives(number: str, before: str, after: str, form: str, writing: dict[int, str]) -> None:
    area = 3 if number[1] in "12" else 4
    text = before.strip() + form.format(number[:area], number[area:]).translate(writing) + after
    masked = mask(text).text
    assert masked.replace("(", "").replace("（", "").startswith(before.strip().replace("(", "").replace("（", ""))
    assert LABELS["phone"] in masked
    assert not any(character.isdigit() for character in masked)


@given(PASSPORTS, st.sampled_from(["", "护照", "证："]), WRITINGS)
def test_no_passport_number_survives(number: str, before: str, writing: dict[int, str]) -> None:
    assert mask(f"{before}{number.translate(writing)}，谢谢").text == f"{before}{LABELS['passport']}，谢谢"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("王师傅13800138000转告", "王师傅[电话]转告"),
        ("138.0013.8000", "[电话]"),
        ("1.13800138000 2.13900139000", "1.[电话] 2.[电话]"),
        ("13800138000/13900139000", "[电话]/[电话]"),
        ("3号楼 2 单元 13800138000", "3号楼 2 单元 [电话]"),
        ("3-2-101 13800138000", "3-2-101 [电话]"),
        ("电话8212345", "电话[电话]"),
        ("联系电话：821-2345，白天打", "联系电话：[电话]，白天打"),
        ("物业座机 0482-8212345-801", "物业座机 [电话]-801"),
        ("+86 (0482) 821 2345", "[电话]"),
        ("1️⃣3️⃣8️⃣0️⃣0️⃣1️⃣3️⃣8️⃣0️⃣0️⃣0️⃣", "[电话]\ufe0f⃣"),
        ("138\u200b0013\u200b8000", "[电话]"),
        ("身份证号152201197001011230", "身份证号[证件号]"),  # the check digit is wrong, the word says what it is
        ("身份证：１５２２０１７００１０１１２３", "身份证：[证件号]"),
        ("152201 19700101 123X", "[证件号]"),  # mistyped, but what else ends in X
        ("持港澳通行证H12345678", "持港澳通行证[护照号]"),
        ("Passport No. AB1234567", "Passport No. [护照号]"),
        ("三一楼13800138000", "三一楼[电话]"),
        ("我的号是一三八零零一三八零零零。", "我的号是[电话]。"),
    ],
)
def test_numbers_as_people_write_them(text: str, expected: str) -> None:
    assert mask(text).text == expected


STAYS = [
    # coordinates
    "位置122.070431,46.082138附近",
    "坐标 122.0704312345678 46.0821381380013",
    "WGS84: 46.13800138000, 122.15912345678",
    "X=4612345.678 Y=21512345.678",
    "东经122°04′13.8″，北纬46°04′55.6″",
    "偏差0.13800138000",
    # dates and times
    "2026-11-23 06:13:20",
    "2026年11月23日15时30分",
    "20261123061320",
    "1987-11-23至2026-11-23",
    "时间戳1763878400000",
    "20261123 1530 已到现场",
    "19871231 123号文",
    # amounts
    "欠薪138,001,380.00元",
    "共计13800元，其中1380元为利息，剩余12420元",
    "物业费1.5元/平方米，面积138.00平方米，合计2484.00元",
    # addresses
    "15号楼3单元1502室",
    "15-3-1502",
    "15-302 2026-1-5 报修",
    "15#3-2-1301，16#1-2-1201",
    "兴安盟乌兰浩特市五一北大街138号",
    "邮编137400",
    "G111国道1380公里加500米处",
    "1 2 3 5 6 7 8 9 10 11 12号楼停水",
    "13 15 16 17 181号楼",
    # codes of units and of incidents
    "网格编码152201001001001",
    "152201001001",
    "152221200201001",
    "152221102003012",
    "工单号20261123061234567",
    "工单20261123-0013-8000",
    "编号：020-2026-1123",
    "兴政发〔2026〕13号",
    "事项编号152201202611230013",
    # services that are nobody's
    "已拨打12345热线和110、119",
    "打12319没人接",
    "客服400-810-1234",
    "三楼二单元一三零二室",
    "二〇二六年十一月二十三日",
    "",
]


@pytest.mark.parametrize("text", STAYS)
def test_what_only_looks_like_a_number_stays(text: str) -> None:
    assert mask(text).text == text
    assert mask(text).found == ()


@given(st.text(st.sampled_from("0123456789 -.,:年月日号楼元"), max_size=6).filter(lambda text: text.count("-") < 2))
def test_short_numbers_stay(text: str) -> None:
    assert mask(text).text == text


@given(st.floats(119, 127), st.floats(44, 50), st.integers(3, 15), st.sampled_from([",", " ", "，", ", ", "/"]))
def test_coordinates_stay(lon: float, lat: float, decimals: int, between: str) -> None:
    text = f"{lon:.{decimals}f}{between}{lat:.{decimals}f}"
    assert mask(text).text == text


@given(st.datetimes())
def test_instants_stay(at: object) -> None:
    for text in (f"{at:%Y-%m-%d %H:%M:%S}", f"{at:%Y%m%d%H%M%S}", f"{at:%Y年%m月%d日 %H:%M}", f"{at:%m-%d %H:%M}"):
        assert mask(text).text == text


@given(st.uuids())
def test_ids_of_incidents_stay(made: uuid.UUID) -> None:
    for text in (str(made), made.hex, str(made).upper()):
        assert mask(f"事项 {text} 重复").text == f"事项 {text} 重复"


@given(st.integers(1, 150), st.integers(1, 12), st.integers(101, 3399))
def test_addresses_stay(building: int, entrance: int, room: int) -> None:
    for text in (
        f"{building}-{entrance}-{room}",
        f"{building}号楼{entrance}单元{room}",
        f"{building}#{entrance}#{room}",
    ):
        assert mask(text).text == text


@given(st.text(st.sampled_from("0123456789X -.+()（）０１３８一三八〇电话身份证号E：\u200b\n"), max_size=60))
def test_masking_again_changes_nothing(text: str) -> None:
    once = mask(text)
    assert mask(once.text).text == once.text
    assert mask(once.text).found == ()
    assert (once.text == text) == (once.found == ())


@given(st.text(max_size=80))
def test_any_text_comes_through_with_all_that_is_no_number(text: str) -> None:
    masked = mask(text).text
    kept = re.split("|".join(re.escape(label) for label in LABELS.values()), masked)
    assert all(part in text for part in kept)


def test_fields_that_changed_are_given_back_as_they_were_written() -> None:
    said = mask_fields({"title": "漏水", "description": "请打13800138000", "address": None})
    assert said.shown == {"title": "漏水", "description": "请打[电话]", "address": None}
    assert said.originals == {"description": "请打13800138000"}


@pytest.mark.parametrize("before", ["同时", "编号：", "", "number ", "（"])
@pytest.mark.parametrize(
    "identifier",
    ["17e2b17029594562b86a5c55a58b1e0c", "26043ea0-4204-4720-967d-de4801cf87cb", "C0EC5A1A90F8481485E06869119421EF"],
)
def test_an_identifier_keeps_its_digits_whatever_word_stands_before_it(before: str, identifier: str):
    assert mask(f"{before}{identifier}").text == f"{before}{identifier}"

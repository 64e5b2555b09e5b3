"""What the sources of the demonstration say differently about the same league, as a table."""

import pandas as pd

from demo.register import OWN_COUNT, civil_affairs, communities, townships

COLUMNS = ["topic", "code", "name", "statistics", "other", "note"]
ALIAS_SYSTEM = "mca"
Row = tuple[str, str, str, str, str, str]


def disagreements() -> pd.DataFrame:
    """
    Every point on which the sources differ.

    Returns
    -------
    DataFrame
        topic (count, left_out, kept_pseudo_unit, other_code, other_name, not_in_statistics, not_in_civil_affairs),
        code, name, statistics (what the statistics bureau says), other (what the league or the Civil Affairs ministry
        says), note.
    """
    parts = [*_counts(), *_pseudo_units(), *_codes()]
    return pd.DataFrame(parts, columns=COLUMNS)


def aliases() -> pd.DataFrame:
    """The Civil Affairs code beside each township's: unit_code, system, code, name, note."""
    matched = _matched()
    note = [
        "" if ours[:9] == theirs else f"The statistics bureau numbers it {ours[:9]}."
        for ours, theirs in zip(matched["code_x"], matched["code_y"], strict=True)
    ]
    return pd.DataFrame({
        "unit_code": matched["code_x"], "system": ALIAS_SYSTEM, "code": matched["code_y"], "name": matched["name_y"],
        "note": note,
    })  # fmt: skip


def _counts() -> list[Row]:
    kinds = communities()["kind"]
    found = {"village": int(kinds.isin(["village", "gacha"]).sum()), "residential": int((kinds == "residential").sum())}
    names = {"village": "嘎查村", "residential": "社区"}
    rest = len(kinds) - sum(found.values())
    note = f"The register counts {rest} production teams and living areas of farms beside them."
    return [("count", "", names[key], str(found[key]), str(OWN_COUNT[key]), note) for key in OWN_COUNT]


def _pseudo_units() -> list[Row]:
    places = townships()
    sizes = communities().groupby("township").size()
    found: list[Row] = []
    for code, name, kind, kept in places.loc[places["pseudo"], ["code", "name", "kind", "inhabited"]].itertuples(
        index=False
    ):
        topic = "kept_pseudo_unit" if kept else "left_out"
        note = "People live there; Civil Affairs does not list it."
        found.append(
            (topic, code, name, kind, "", note if kept else f"{sizes[code]} entries under it are left out too.")
        )
    return found


def _matched() -> pd.DataFrame:
    """Townships of both registers, matched by county and name, else by code and all but one character of the name."""
    places, theirs = townships(), civil_affairs()
    ours = places[~places["pseudo"]]
    same = ours.merge(theirs.assign(name_y=theirs["name"]), on=["county", "name"])
    left = ours[~ours["code"].isin(same["code_x"])].assign(nine=lambda rows: rows["code"].str[:9])
    near = left.merge(theirs, left_on=["county", "nine"], right_on=["county", "code"])
    near = near[[_one_off(ours, other) for ours, other in zip(near["name_x"], near["name_y"], strict=True)]]
    return pd.concat([same, near.rename(columns={"name_x": "name"})], ignore_index=True)


def _one_off(name: str, other: str) -> bool:
    return len(name) == len(other) and sum(a != b for a, b in zip(name, other, strict=True)) == 1


def _codes() -> list[Row]:
    places, theirs, matched = townships(), civil_affairs(), _matched()
    names = dict(zip(places["code"].str[:9], places["name"], strict=True))
    found: list[Row] = []
    for ours, name, code, other in matched[["code_x", "name", "code_y", "name_y"]].itertuples(index=False):
        if ours[:9] != code:
            found.append(("other_code", ours, name, ours[:9], code, _whose(code, names)))
        if name != other:
            found.append(("other_name", ours, name, name, other, "The same code; one character differs."))
    only_theirs = theirs[~theirs["code"].isin(matched["code_y"])]
    for code, name in zip(only_theirs["code"], only_theirs["name"], strict=True):
        found.append(("not_in_statistics", "", name, "", code, "Newer than the statistics register; not in the demo."))
    only_ours = places[~places["pseudo"] & ~places["code"].isin(matched["code_x"])]
    for code, name in zip(only_ours["code"], only_ours["name"], strict=True):
        found.append(("not_in_civil_affairs", code, name, code[:9], "", "No township of that name there."))
    return found


def _whose(code: str, names: dict[str, str]) -> str:
    return f"At the statistics bureau that code is {names[code]}." if code in names else ""

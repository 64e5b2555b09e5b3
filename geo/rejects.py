"""Why a row was not loaded: one reason each, in Chinese and English, and the file that keeps the rows."""

import csv
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

REASONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "ragged_row": ("字段数与表头不符", "the number of fields is not that of the heading"),
        "missing_value": ("缺少必填值", "a needed value is missing"),
        "bad_text": ("文本含空字符或无效字符", "text holds NUL or characters that are none"),
        "bad_number": ("不是有效数值", "not a number of the needed kind"),
        "bad_time": ("不是有效时间", "not a time"),
        "time_in_future": ("时间在将来", "the time is in the future"),
        "time_too_early": ("时间过早（1900 年以前）", "the time is before 1900"),
        "closed_before_it_occurred": ("结案早于发生", "closed before it occurred"),
        "received_before_it_occurred": ("接报早于发生", "received before it occurred"),
        "unknown_value": ("取值不在目录中", "the value is in no catalogue"),
        "unknown_unit": ("所指网格不存在", "the unit it names does not exist"),
        "unknown_parent": ("所指上级网格不存在", "the parent it names does not exist"),
        "unknown_station": ("所指服务站不存在", "the station it names does not exist"),
        "unknown_team": ("所指队伍不存在", "the team it names does not exist"),
        "unknown_building": ("所指楼栋不存在", "the building it names does not exist"),
        "likely_gcj02": ("坐标疑为未声明的 GCJ-02，已隔离", "likely GCJ-02 that was not declared: quarantined"),
        "no_geometry": ("没有可用的几何图形", "there is no geometry that can be read"),
        "wrong_geometry": ("几何类型不符", "the geometry is of the wrong type"),
        "bad_coordinate": ("坐标不在有效范围内", "a coordinate is no place on earth"),
        "beyond_repair": ("几何无效且无法修复", "the geometry is not valid and cannot be repaired"),
        "several_parts": ("线由多段组成", "the line has several parts"),
        "overlap_too_large": ("与其他网格重叠过大", "it overlaps another unit by too much"),
        "repeated_key": ("编码在文件中重复", "its key stands in the file already"),
        "key_too_long": ("编码过长", "its key is too long"),
    }
)

REMEDIES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "ragged_row": ("检查分隔符与引号", "look for separators and quotation marks in the row"),
        "bad_text": ("改正该行，或指明 --encoding", "correct the row, or name the --encoding"),
        "bad_time": (
            "指明 --time-format，如 '%d/%m/%Y %H:%M'、excel、epoch",
            "name the --time-format, such as '%d/%m/%Y %H:%M', excel or epoch",
        ),
        "unknown_value": (
            "用 wangge load values 列出取值，再以 --map-value 字段:原词=取值 或 --default 字段=取值 指定",
            "list the values with `wangge load values`; then --map-value field:word=value, or --default field=value",
        ),
        "unknown_unit": ("先载入网格，或改正编码", "load the units first, or correct the code"),
        "unknown_building": (
            "先载入楼栋，或改正编码，或不取此列：--set building=",
            "load the buildings first, correct the code, or leave the column out: --set building=",
        ),
        "likely_gcj02": (
            "若是 GCJ-02：以 --crs gcj02 重新载入；若确为所声明的坐标系：加 --trust-crs",
            "if they are GCJ-02, load again with --crs gcj02; if they are what was declared, with --trust-crs",
        ),
        "unknown_parent": ("把上级放进同一文件，或先载入上级", "put the parent into the file, or load it first"),
        "no_geometry": ("补上坐标，或用 --map 指明坐标列", "give coordinates, or --map lon, lat or geometry"),
        "bad_coordinate": ("检查坐标系与经纬度次序", "look at --crs, and at the order of longitude and latitude"),
        "overlap_too_large": (
            "在地图软件中改正该区域后重新载入",
            "correct the area in a map program and load it again",
        ),
        "beyond_repair": ("在地图软件中重画该区域", "draw the area again in a map program"),
        "repeated_key": ("编码须唯一；先出现的一行已载入", "a key stands once; the first row was taken"),
    }
)
"""What to do about a reason, in Chinese and English; of the others the reason itself says it."""


EXAMPLES = 3


@dataclass
class Verdicts:
    """
    What is wrong with each row of a batch; the first reason stands.

    Attributes
    ----------
    reason, detail
        Shape (n,): a key of `REASONS` or None, and what was seen.
    """

    reason: NDArray[np.object_]
    detail: NDArray[np.object_]

    @classmethod
    def of(cls, count: int) -> "Verdicts":
        """No fault in any of `count` rows."""
        return cls(np.full(count, None, dtype=object), np.full(count, "", dtype=object))

    @property
    def fine(self) -> NDArray[np.bool_]:
        """The rows that nothing is wrong with."""
        return np.array([reason is None for reason in self.reason], dtype=bool)

    def refuse(self, where: NDArray[np.bool_], reason: str, detail: str | Callable[[int], str] = "") -> None:
        """Refuse rows; `detail` is one text for all, or tells the text of a position."""
        for row in np.flatnonzero(where):
            if self.reason[row] is None:
                self.reason[row] = reason
                self.detail[row] = detail if isinstance(detail, str) else detail(int(row))


@dataclass
class RejectsFile:
    """
    The rows that were not loaded, as CSV in UTF-8 with a mark, for spreadsheets: number, reason, and the row.

    Attributes
    ----------
    path
        Made at the first row that is refused; None to only count.
    counts
        Refused rows by reason.
    examples
        The first few of each reason: (row, reason, detail).
    """

    path: Path | None
    counts: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[int, str, str]] = field(default_factory=list)

    def add(self, rows: NDArray[np.int64], verdicts: Verdicts, frame: pd.DataFrame) -> None:
        """Keep the refused rows of a batch, with their original columns."""
        bad = ~verdicts.fine
        refused = zip(
            rows[bad].tolist(),
            verdicts.reason[bad],
            verdicts.detail[bad],
            frame.loc[bad].itertuples(index=False, name=None),
            strict=True,
        )
        self._keep([(row, reason, detail, values) for row, reason, detail, values in refused], list(frame.columns))

    def add_unread(self, unread: Mapping[int, tuple[str, str]], columns: list[str]) -> None:
        """Keep the rows of a file that could not be read, each with its reason and what was seen of it."""
        self._keep([(row, reason, seen, ()) for row, (reason, seen) in sorted(unread.items())], columns)

    def _keep(self, refused: list[tuple[int, str, str, tuple[Any, ...]]], columns: list[str]) -> None:
        new = not self.counts
        for row, reason, detail, _ in refused:
            if self.counts[reason] < EXAMPLES:
                self.examples.append((row, reason, detail))
            self.counts[reason] += 1
        if self.path is None or not refused:
            return
        with self.path.open("w" if new else "a", encoding="utf-8", errors="backslashreplace", newline="") as file:
            writer = csv.writer(file)
            if new:
                file.write("\ufeff")
                writer.writerow(["row", "reason", "原因", "why", "detail", *columns])
            for row, reason, detail, values in refused:
                cells = ["" if _empty(value) else value for value in values]
                writer.writerow([row, reason, *REASONS[reason], detail, *cells])


def _empty(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))

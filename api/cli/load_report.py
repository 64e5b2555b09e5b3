"""What `wangge load` tells of a file: how it was read, what was repaired, refused and left open, and the counts."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from geo.load_order import LoadOrder, LoadReport
from geo.rejects import REASONS, REMEDIES

console = Console()

REPAIRS = {
    "ring": "环自相交 · rings that crossed themselves",
    "overlap": "重叠 · overlaps",
    "gap": "缝隙 · gaps closed",
    "border": "边界移动 · borders moved",
}
GAPS = {
    "refused": "退回的区域 · refused area",
    "broken_ring": "环自相交的区域旁 · beside a ring that crossed itself",
    "hole": "四周为 · a hole between",
}
OUTSIDE = {
    "near": ("在城市边缘或缝隙中；补画网格、重新载入后运行 wangge assign",
             "about the city or in its gaps: mend the units, load them again, then run wangge assign"),
    "zero": ("坐标为 0, 0，即没有坐标；请在来源处补上", "at 0, 0, which is no place: give them one at the source"),
    "swapped": ("经纬度颠倒后即在城内；请改正", "inside once longitude and latitude are swapped: correct them"),
    "far": ("远离城市；坐标系是否另有其名（--crs）？", "far from the city: are they of another system (--crs)?"),
}  # fmt: skip
_SHOWN = 8
_WORDS = 20


def show(report: LoadReport, order: LoadOrder) -> None:
    """Print a report: how the file was read, what was repaired and refused, and the counts that add up."""
    _show_reading(report, order)
    if order.dry_run:
        _show_preview(report)
    _show_repairs(report)
    _show_gaps(report, order)
    for zh, en in report.notes:
        console.print(f"注意 · Note: {zh} · {en}", style="yellow", markup=False)
    _show_unknown(report, order)
    _show_rejects(report, order)
    console.print(_counts(report, order))
    _show_outside(report)


def _show_reading(report: LoadReport, order: LoadOrder) -> None:
    seen = [report.format, report.encoding, report.layer, report.crs]
    console.print(f"{order.path.name}: {', '.join(word for word in seen if word)}", markup=False, highlight=False)
    table = Table("字段 field", "列 column", title="列的对应 · Columns", title_justify="left")
    for name, column in report.columns.items():
        asked = name in order.columns
        table.add_row(name, column if asked else f"{column}（推断 guessed）")
    for name, value in order.constants.items():
        table.add_row(name, f"= {value}")
    if report.unused:
        table.add_row("—", "未用 unused: " + ", ".join(report.unused[:20]))
    console.print(table)


def _show_preview(report: LoadReport) -> None:
    """Record under record: side by side they would not fit any screen."""
    if not report.preview:
        return
    console.print("前几行（值 ← 原文） · First rows (value ← what the file says)", style="italic", highlight=False)
    for row in report.preview:
        record = Table.grid(padding=(0, 2))
        record.add_column(no_wrap=True)
        record.add_column(overflow="fold")
        for name, value in row.items():
            record.add_row(f"  {name}", Text(value[:200]))
        console.print(record)
        console.print()


def _show_repairs(report: LoadReport) -> None:
    for what, label in REPAIRS.items():
        found = sorted((r for r in report.repairs if r.what == what), key=lambda r: -abs(r.change_m2))
        if found:
            console.print(f"修复 · Repaired: {len(found)} {label}", markup=False)
        for repair in found[:_SHOWN]:
            console.print(f"  {' / '.join(repair.of)}: {repair.change_m2:+,.2f} m²", markup=False, highlight=False)
        if len(found) > _SHOWN:
            console.print(f"  … +{len(found) - _SHOWN}")


def _show_gaps(report: LoadReport, order: LoadOrder) -> None:
    if not report.gaps:
        return
    total = sum(gap.square_m for gap in report.gaps) / 1e6
    _warn(f"网格之间有 {len(report.gaps)} 处空缺，共 {total:,.3f} 平方公里；其中的事项将归根级")
    _warn(f"{len(report.gaps)} gaps between units, {total:,.3f} km² in all; incidents in them go to the root")
    for gap in report.gaps[:_SHOWN]:
        of = ", ".join(gap.of[:4]) + (" …" if len(gap.of) > 4 else "")
        console.print(f"  {gap.square_m:,.0f} m² {GAPS[gap.why]}: {of}", markup=False, highlight=False)
    if len(report.gaps) > _SHOWN:
        console.print(f"  … +{len(report.gaps) - _SHOWN}")
    if order.gaps_file and not order.dry_run:
        console.print(f"空缺在 · The gaps are in {order.gaps_file}", markup=False, soft_wrap=True)
    console.print("改正这些区域后重新载入 · Correct those areas and load the file again; a lake may stay open.")


def _show_unknown(report: LoadReport, order: LoadOrder) -> None:
    if not report.unknown:
        return
    table = Table("字段 field", "原词 word", "行 rows", "最近的取值 nearest", title_justify="left", box=None)
    table.title = "目录中没有的词 · Words that no catalogue knows"
    for one in report.unknown[:_WORDS]:
        taken = order.defaults.get(one.field)
        table.add_row(one.field, Text(one.word[:40]), f"{one.rows:,}", f"= {taken}" if taken else one.nearest or "—")
    console.print(table)
    if len(report.unknown) > _WORDS:
        console.print(f"  … +{len(report.unknown) - _WORDS}")


def _show_outside(report: LoadReport) -> None:
    if not report.outside:
        return
    total = sum(report.outside.values())
    _warn(f"载入的事项中 {total:,} 件在所有网格之外，归根级")
    _warn(f"Of the loaded, {total:,} lie outside of every unit and are the root's")
    for how, count in report.outside.items():
        zh, en = OUTSIDE[how]
        console.print(f"  {count:,} {zh} · {en}", markup=False, highlight=False)


def _warn(text: str) -> None:
    console.print(text, style="yellow", markup=False, highlight=False)


def _show_rejects(report: LoadReport, order: LoadOrder) -> None:
    for reason, count in report.reasons.most_common():
        zh, en = REASONS[reason]
        console.print(f"退回 · Rejected: {count:,} {zh} · {en} ({reason})", style="red", markup=False)
        if reason in REMEDIES:
            console.print(f"  → {' · '.join(REMEDIES[reason])}", markup=False, highlight=False)
        for row, of, detail in report.examples:
            if of == reason:
                console.print(f"  {row}: {detail or reason}"[:160], markup=False, highlight=False)
    if report.rejected and not order.dry_run:
        console.print(f"退回的行在 · Refused rows are in {order.rejects}", markup=False, soft_wrap=True)


def _counts(report: LoadReport, order: LoadOrder) -> Table:
    title = "预览，未写入 · Dry run, nothing written" if order.dry_run else "载入结果 · Result"
    table = Table("读取 read", "载入 loaded", "未变 unchanged", "退回 rejected", title=title, title_justify="left")
    table.add_row(*(f"{n:,}" for n in (report.read, report.loaded, report.unchanged, report.rejected)))
    if report.kept:
        table.caption = (
            f"其中 {report.kept:,} 件在本系统处理过，保留 · {report.kept:,} were worked on here and are kept"
        )
    return table

"""
Everything that can go wrong and is somebody's business: one tree, and the docstring is the message.

``api/errors.py`` maps each class to an HTTP status; the class name in kebab case is its stable code.
"""

import re
from typing import ClassVar


class WanggeError(Exception):
    """Something went wrong."""

    zh: ClassVar[str] = "出现错误。"

    def __init__(self, detail: str = "") -> None:
        self.detail = detail
        super().__init__(f"{self.title()} {detail}".strip())

    def __reduce__(self) -> tuple[type["WanggeError"], tuple[str]]:
        """To and from another process, with the detail and not the whole message for its argument."""
        return type(self), (self.detail,)

    @classmethod
    def title(cls) -> str:
        """The message of this class, without the details of one case."""
        return " ".join((cls.__doc__ or "").split())

    @classmethod
    def code(cls) -> str:
        """The stable code that clients may test for, such as ``unit-not-found``."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()


class NotFound(WanggeError):
    """There is no such thing, or it lies outside your scope."""

    zh = "不存在，或不在您的管辖范围内。"


class Invalid(WanggeError):
    """The input is not valid."""

    zh = "输入无效。"


class Conflict(WanggeError):
    """The request conflicts with what is stored."""

    zh = "请求与现有数据冲突。"


class Unavailable(WanggeError):
    """The service cannot answer now; try again shortly."""

    zh = "服务暂时不可用，请稍后重试。"


class UndeclaredCrs(Invalid):
    """The coordinate reference system is not declared; say EPSG:4326, EPSG:4490, gcj02, bd09 or another EPSG code."""

    zh = "未声明坐标系；请指明 EPSG:4326、EPSG:4490、gcj02、bd09 或其他 EPSG 代码。"


class UnknownCrs(Invalid):
    """The coordinate reference system is not known."""

    zh = "无法识别的坐标系。"


class MixedCrs(Invalid):
    """What is compared is in different reference systems; bring both to one."""

    zh = "坐标系不一致；请先统一坐标系。"


class BadCoordinate(Invalid):
    """A coordinate is not a finite number inside the range of its reference system."""

    zh = "坐标不是有效范围内的有限数值。"


class BadGeometry(Invalid):
    """The geometry is not valid."""

    zh = "几何图形无效。"


class NotAnArea(BadGeometry):
    """The geometry is not a polygon or multipolygon."""

    zh = "几何图形不是面（Polygon 或 MultiPolygon）。"


class EmptyGeometry(BadGeometry):
    """The geometry is missing or empty."""

    zh = "缺少几何图形或几何图形为空。"


class BadFile(Invalid):
    """The file cannot be read."""

    zh = "无法读取该文件。"


class BadIndexFile(BadFile):
    """The file is not a whole cell index of this version; build the index again."""

    zh = "索引文件损坏或版本不符；请重建索引。"


class BadColumn(Invalid):
    """A needed column is missing; name it with --map field=column."""

    zh = "缺少必要的列；请用 --map 字段=列名 指定。"


class BadOption(Invalid):
    """An option names something that does not exist."""

    zh = "选项所写的字段、列或取值不存在。"


class NoCoordinates(Invalid):
    """Where the coordinates stand is not known; name their columns with --x and --y."""

    zh = "无法确定坐标列；请用 --x 与 --y 指定。"


class UnfitColumn(Invalid):
    """A column does not hold what it is needed for."""

    zh = "该列的内容不能用于此处。"


class UnknownTimezone(Invalid):
    """There is no such time zone; say a name such as Asia/Shanghai."""

    zh = "没有此时区；请使用如 Asia/Shanghai 的名称。"


class StaleVersion(Conflict):
    """The record has changed since you read it; read it again, then repeat your change."""

    zh = "记录已被他人更改；请重新读取后再提交。"


class VersionRequired(WanggeError):
    """A change must say which version it was made against: send If-Match with the ETag you read."""

    zh = "更改必须带 If-Match（您读取时的 ETag）。"


class IdempotencyMismatch(Conflict):
    """An Idempotency-Key was used before with a different request."""

    zh = "该 Idempotency-Key 已用于不同的请求。"


class TransitionRefused(Conflict):
    """The incident cannot go from its present state to that one."""

    zh = "事项不能从当前状态转到该状态。"


class ClusterFailed(Unavailable):
    """The embedded database did not start."""

    zh = "内置数据库未能启动。"


class DatabaseBehind(Unavailable):
    """The database is older than this program; run `wangge db migrate`."""

    zh = "数据库版本落后于程序；请运行 wangge db migrate。"

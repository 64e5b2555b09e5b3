"""
What a role may do, as data: the table that every route is checked against; `docs/roles.md` shows it to people.

A grant gives a role in a unit's subtree. The role says what may be done, the unit to which rows: the first is asked at
the door of each route, the second by the database.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, get_args

Permission = Literal[
    "public",
    "unit.read",
    "list.read",
    "station.read",
    "stats.read",
    "incident.report",
    "incident.read",
    "incident.change",
    "incident.settle",
    "incident.export",
    "reporter.reveal",
    "photo.read",
    "photo.add",
    "team.read",
    "route.read",
    "map.read",
    "plan.draft",
    "plan.publish",
    "account.own",
    "account.manage",
    "audit.read",
    "metrics.read",
]

MEANINGS: Mapping[Permission, tuple[str, str]] = MappingProxyType(
    {
        "public": ("服务自身：健康检查、接口说明、登录", "the service itself: health, its description, signing in"),
        "unit.read": ("查看网格、边界与归属", "units, their areas, and who answers for a place"),
        "list.read": ("查看类别、来源与流转", "categories, channels, and the steps of an incident"),
        "station.read": ("查看服务站及其覆盖", "stations and what they cover"),
        "stats.read": ("查看公开统计", "the published figures"),
        "incident.report": ("上报事项", "report an incident"),
        "incident.read": ("查看事项与办理过程", "incidents and what happened to them"),
        "incident.change": ("办理事项", "take an incident a step further"),
        "incident.settle": ("确定位置存疑事项的归属", "settle whose an incident is where its place leaves doubts"),
        "incident.export": ("导出事项", "take incidents out as files"),
        "reporter.reveal": (
            "查看报告人联系方式（须说明理由，留痕）",
            "a reporter's contact, with a reason that is kept",
        ),
        "photo.read": ("查看事项照片", "photographs of incidents"),
        "photo.add": ("上传事项照片", "add photographs to incidents"),
        "team.read": ("查看队伍及办公电话", "teams and their office telephones"),
        "route.read": ("查看巡逻路线", "patrol routes"),
        "map.read": ("查看事项地图", "maps of incidents"),
        "plan.draft": ("起草网格调整方案", "draft a redraw of grids"),
        "plan.publish": ("批准并发布网格调整", "approve and publish a redraw"),
        "account.own": ("本账号的密码与身份切换", "the own password, and which of the own grants to act under"),
        "account.manage": ("管理账号与授权", "accounts and grants"),
        "audit.read": ("查看审计日志", "the audit log"),
        "metrics.read": ("查看运行指标", "metrics of the service"),
    }
)


class Role(StrEnum):
    """A role of a grant; ``public`` is whoever has not signed in."""

    PUBLIC = "public"
    PATROL = "patrol"
    GRID_WORKER = "grid_worker"
    DISPATCHER = "dispatcher"
    DEPARTMENT_HANDLER = "department_handler"
    PLANNER = "planner"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMIN = "admin"


R = Role

NAMES: Mapping[Role, tuple[str, str]] = MappingProxyType(
    {
        R.PUBLIC: ("公众", "public"),
        R.PATROL: ("巡防", "patrol"),
        R.GRID_WORKER: ("网格员", "grid worker"),
        R.DISPATCHER: ("值班台", "dispatcher"),
        R.DEPARTMENT_HANDLER: ("部门经办", "department handler"),
        R.PLANNER: ("规划", "planner"),
        R.APPROVER: ("审批", "approver"),
        R.AUDITOR: ("审计", "auditor"),
        R.ADMIN: ("管理员", "administrator"),
    }
)

Permissions = frozenset[Permission]

ANYONE: Permissions = frozenset({"public", "unit.read", "list.read", "station.read", "stats.read", "incident.report"})
SIGNED_IN: Permissions = ANYONE | Permissions({"account.own", "team.read"})
MATTERS: Permissions = SIGNED_IN | Permissions(
    {"incident.read", "incident.change", "photo.read", "photo.add", "map.read"}
)
PLANS: Permissions = SIGNED_IN | Permissions({"route.read", "map.read"})

PERMISSIONS: Mapping[Role, Permissions] = MappingProxyType(
    {
        R.PUBLIC: ANYONE,
        R.PATROL: MATTERS | Permissions({"route.read"}),
        R.GRID_WORKER: MATTERS | Permissions({"route.read"}),
        R.DISPATCHER: MATTERS | Permissions({"route.read", "incident.settle", "incident.export", "reporter.reveal"}),
        # A department handles what it was given; who patrols where is no business of its.
        R.DEPARTMENT_HANDLER: MATTERS | Permissions({"reporter.reveal"}),
        # Planners see where incidents lie, not what they say.
        R.PLANNER: PLANS | Permissions({"plan.draft"}),
        # Who approves a plan has not drawn it.
        R.APPROVER: PLANS | Permissions({"plan.publish"}),
        R.AUDITOR: SIGNED_IN | Permissions({"incident.read", "audit.read", "metrics.read"}),
        # Who keeps the accounts reads no incidents.
        R.ADMIN: SIGNED_IN | Permissions({"account.manage", "metrics.read"}),
    }
)

ALL: tuple[Permission, ...] = get_args(Permission)


def granted(role: Role, named: frozenset[str] | None = None) -> Permissions:
    """
    What may be done under a role.

    Parameters
    ----------
    role
        Of the grant.
    named
        What a token was cut down to; None for all that the role may do. What the role may not do is never added.
    """
    allowed = PERMISSIONS[role]
    return allowed if named is None else frozenset(one for one in allowed if one in named or one in ANYONE)

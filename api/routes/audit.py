"""The audit log, for auditors."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.requests import Request

from api.body import StrictRoute
from api.schemas import Code, Cursor, Limit, Strict
from api.scope import Principal, begin, needs
from geo import audit
from geo.audit import AuditFilter, Entry
from geo.paging import Page

router = APIRouter(prefix="/v1/audit", tags=["audit"], route_class=StrictRoute)


class AuditQuery(Strict):
    """Filters of the log; all that are given must hold."""

    kind: Annotated[
        Annotated[str, Query(pattern=r"^[a-z_]{1,40}\.[a-z_]{1,40}$", examples=["reporter.revealed"])] | None,
        Query(description="What was done. 操作。"),
    ] = None
    subject: Annotated[Code | None, Query(description="Id of what it was done to. 对象编号。")] = None
    account: Annotated[Code | None, Query(description="Who did it. 账号。")] = None
    cursor: Annotated[Cursor | None, Query(description="Where the page before ended. 上一页的游标。")] = None
    limit: Annotated[Limit, Query(description="Most entries of a page. 每页条数。")] = 100


@router.get("", summary="The audit log 审计日志")
def find(
    request: Request, asking: Annotated[Principal, needs("audit.read")], query: Annotated[AuditQuery, Query()]
) -> Page[Entry]:
    """What was done from the auditor's subtree, newest first: who, when, what, to which subject, why."""
    with begin(request, asking.scope) as conn:
        return audit.find(conn, AuditFilter(**query.model_dump()))

"""Re-cuts of history: figures before and after a redraw, side by side."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.requests import Request

from api.body import StrictRoute
from api.schemas import Cursor, Limit, Strict
from api.scope import Principal, begin, needs
from geo import recut
from geo.paging import Page
from geo.recut import Recut, RecutTotals, RecutUnit

router = APIRouter(prefix="/v1/recuts", tags=["recuts"], route_class=StrictRoute)

Reader = Annotated[Principal, needs("map.read")]
RecutId = Annotated[int, Path(ge=1, lt=1 << 62, description="Of the re-cut. 重划统计编号。")]


class PageQuery(Strict):
    """Which page."""

    cursor: Annotated[Cursor | None, Query(description="`next` of the page before. 上一页的 next。")] = None
    limit: Annotated[Limit, Query(description="Most rows of a page. 每页条数上限。")] = 100


@router.get("", summary="Re-cuts of history 历史事项按其他边界重划")
def find(request: Request, asking: Reader, query: Annotated[PageQuery, Query()]) -> Page[Recut]:
    """Runs, the newest first."""
    with begin(request, asking.scope) as conn:
        return recut.find(conn, cursor=query.cursor, limit=query.limit)


@router.get("/{recut_id}", summary="One re-cut 单次重划")
def read(request: Request, asking: Reader, recut_id: RecutId) -> RecutTotals:
    """One run, and how many of the incidents that you see it moves."""
    with begin(request, asking.scope) as conn:
        return recut.read(conn, recut_id)


@router.get("/{recut_id}/units", summary="Incidents by unit, before and after 各网格重划前后的事项数")
def counts(
    request: Request, asking: Reader, recut_id: RecutId, query: Annotated[PageQuery, Query()]
) -> Page[RecutUnit]:
    """Counts of the incidents that you see by unit, ascending by code; units without any are left out."""
    with begin(request, asking.scope) as conn:
        return recut.counts(conn, recut_id, cursor=query.cursor, limit=query.limit)

"""The reference lists that reports are made of: categories and channels."""

from fastapi import APIRouter
from fastapi.requests import Request

from api.schemas import Categories, Channels
from api.scope import Scoped, begin
from geo import organisations

router = APIRouter(prefix="/v1", tags=["lists"])


@router.get("/categories", summary="Categories 事项类别")
def categories(request: Request, scope: Scoped) -> Categories:
    """The categories in use, with their deadlines."""
    with begin(request, scope) as conn:
        return Categories(categories=organisations.categories(conn))


@router.get("/channels", summary="Channels 来源")
def channels(request: Request, scope: Scoped) -> Channels:
    """The ways that matters come in."""
    with begin(request, scope) as conn:
        return Channels(channels=organisations.channels(conn))

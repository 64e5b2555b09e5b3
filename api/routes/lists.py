"""The reference lists that reports are made of: categories and channels."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.requests import Request

from api.schemas import Categories, Channels
from api.scope import Principal, begin, needs
from geo import organisations

router = APIRouter(prefix="/v1", tags=["lists"])

Reader = Annotated[Principal, needs("list.read")]


@router.get("/categories", summary="Categories 事项类别")
def categories(request: Request, asking: Reader) -> Categories:
    """The categories in use, with their deadlines."""
    with begin(request, asking.scope) as conn:
        return Categories(categories=organisations.categories(conn))


@router.get("/channels", summary="Channels 来源")
def channels(request: Request, asking: Reader) -> Channels:
    """The ways that incidents come in."""
    with begin(request, asking.scope) as conn:
        return Channels(channels=organisations.channels(conn))

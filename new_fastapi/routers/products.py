"""What the ticket office sells: exact prices, naive dates."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import select

from new_fastapi.dependencies import RowId, SessionDep, find
from new_fastapi.models import Product

router = APIRouter(prefix="/products", tags=["products"])


class ProductOut(BaseModel):
    id: int
    name: str
    price: Decimal
    stock: int
    listed_at: datetime


@router.get("", response_model=list[ProductOut])
def list_products(session: SessionDep) -> Sequence[Product]:
    return session.scalars(select(Product).order_by(Product.id)).all()


@router.get("/{product_id}", response_model=ProductOut)
def read_product(product_id: RowId, session: SessionDep) -> Product:
    return find(session, Product, product_id)

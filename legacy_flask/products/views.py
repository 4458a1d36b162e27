"""Prices are Decimal and dates naive datetime: Flask's JSON provider writes both."""

from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from legacy_flask.database import db, get_or_404
from new_fastapi.models import Product


def list_products() -> ResponseReturnValue:
    products = db().scalars(select(Product).order_by(Product.id))
    return jsonify([product_json(product) for product in products])


def read_product(product_id: int) -> ResponseReturnValue:
    return jsonify(product_json(get_or_404(Product, product_id)))


def product_json(product: Product) -> dict[str, Any]:
    return {
        "id": product.id,
        "name": product.name,
        "price": product.price,
        "stock": product.stock,
        "listed_at": product.listed_at,
    }

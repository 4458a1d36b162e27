"""What the ticket office sells: a package with its own blueprint."""

from flask import Blueprint

from legacy_flask.products import views

blueprint = Blueprint("products", __name__, url_prefix="/products")
blueprint.add_url_rule("", view_func=views.list_products)
blueprint.add_url_rule("/<int:product_id>", view_func=views.read_product)

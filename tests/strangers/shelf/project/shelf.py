"""Books on a shelf: Flask-RESTX resources with models and a parser, class views, Flask-Caching, state in memory."""

from flask import Blueprint, Flask, jsonify, request
from flask.views import MethodView, View
from flask_caching import Cache
from flask_restx import Api, Namespace, Resource, fields

cache = Cache(config={"CACHE_TYPE": "SimpleCache", "CACHE_DEFAULT_TIMEOUT": 60})
books = Namespace("books", description="All that is on the shelf")
book = books.model(
    "Book",
    {
        "id": fields.Integer(readonly=True),
        "title": fields.String(required=True, min_length=1),
        "year": fields.Integer(min=1450),
        "uri": fields.Url("api.book_one"),
    },
)
parser = books.parser()
parser.add_argument("year", type=int, location="args", help="published then")
parser.add_argument("X-Reader", location="headers")


class Shelf:
    """What the examples of the field keep in a list."""

    def __init__(self):
        self.books = []
        self.last = 0

    def add(self, given):
        self.last += 1
        self.books.append({"id": self.last, "year": None, **given})
        return self.books[-1]

    def one(self, number):
        found = next((one for one in self.books if one["id"] == number), None)
        if found is None:
            books.abort(404, f"No book {number}")
        return found


shelf = Shelf()


@books.route("/")
class Books(Resource):
    @books.expect(parser)
    @books.marshal_list_with(book, envelope="books")
    def get(self):
        """List the books"""
        year = parser.parse_args()["year"]
        return [one for one in shelf.books if year in (None, one["year"])]

    @books.expect(book, validate=True)
    @books.marshal_with(book, code=201)
    def post(self):
        """Put a book there"""
        return shelf.add({name: request.json[name] for name in ("title", "year") if name in request.json}), 201


@books.route("/<int:id>", endpoint="book_one")
@books.response(404, "No such book")
class Book(Resource):
    @books.marshal_with(book, skip_none=True)
    def get(self, id):
        """Read one"""
        return shelf.one(id)

    @books.expect(book)
    @books.marshal_with(book)
    def put(self, id):
        """Change one"""
        one = shelf.one(id)
        one.update({name: value for name, value in request.json.items() if name in ("title", "year")})
        return one

    def delete(self, id):
        """Take one away"""
        shelf.books.remove(shelf.one(id))
        return "", 204


class Conditions(View):
    """One object for all requests."""

    init_every_request = False
    methods = ("GET",)

    def dispatch_request(self):
        return jsonify(loan_days=28, languages=["de", "en"])


class Readers(MethodView):
    """Two rules, one class."""

    decorators = (cache.cached(query_string=True, unless=lambda: request.method != "GET"),)

    def get(self, name=None):
        if name is None:
            return jsonify(count=int(request.args.get("from", 0)) + len(shelf.books))
        return f"<p>{name}</p>"

    def post(self, name=None):
        return jsonify(hello=name or request.get_json()["name"]), 201


def create_app():
    app = Flask(__name__)
    app.config.from_prefixed_env("SHELF")
    cache.init_app(app)
    blueprint = Blueprint("api", __name__, url_prefix="/api")
    api = Api(blueprint, title="Shelf", version="1.0", doc="/doc/")
    api.add_namespace(books)
    app.register_blueprint(blueprint)
    readers = Readers.as_view("readers")
    app.add_url_rule("/readers/", view_func=readers)
    app.add_url_rule("/readers/<name>", view_func=readers)
    app.add_url_rule("/conditions", view_func=Conditions.as_view("conditions"))

    @app.get("/slow")
    @cache.cached(timeout=30)
    def slow():
        return {"computed": True}

    return app

"""One ASGI service over a Flask app and its FastAPI successor; `migration_map.toml` says which side answers."""

from .app import Gateway, create_app
from .migration_map import load_map

__version__ = "0.1.0"
__all__ = ["Gateway", "__version__", "create_app", "load_map"]

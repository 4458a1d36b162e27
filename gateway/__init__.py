"""One ASGI service over a Flask app and its FastAPI successor; `migration_map.toml` says which side answers."""

from .config.map_file import load_map
from .serving.gateway import Gateway, create_app

__version__ = "0.1.0"
__all__ = ["Gateway", "__version__", "create_app", "load_map"]

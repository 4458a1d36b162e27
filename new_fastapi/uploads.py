"""Where uploads lie, for both sides: which file a client's name means; a file is there whole or not at all."""

import hashlib
import os
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from new_fastapi.models import MAX_UPLOAD_NAME, Upload

# No separator, no control character, and no dot first: that is `.`, `..` and what is still arriving.
SEGMENT = re.compile(r"[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*")
MAX_SEGMENT = 255  # bytes, on every file system in use

# What is raised where a file's name is a directory's, or the other way round.
NAME_TAKEN = (FileExistsError, IsADirectoryError, NotADirectoryError)


def locate(directory: Path, name: str) -> Path | None:
    """The file that a client's name means; None for a name that no upload can have."""
    segments = name.split("/")
    fits = len(name) <= MAX_UPLOAD_NAME and all(len(segment.encode()) <= MAX_SEGMENT for segment in segments)
    stays = all(SEGMENT.fullmatch(segment) for segment in segments)
    return directory.joinpath(*segments) if fits and stays else None


@contextmanager
def arriving(directory: Path, path: Path) -> Iterator[BinaryIO]:
    """A file to write to. It takes its place at the end; if writing fails, it leaves nothing behind."""
    directory.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=directory, prefix=".", suffix=".part", delete=False) as file:
        try:
            yield file.file
            file.close()
            path.parent.mkdir(parents=True, exist_ok=True)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink()
            raise


def read_upload(name: str, path: Path) -> Upload:
    """The file's size and digest, and of which state of it they are."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        found = os.fstat(file.fileno())
    return Upload(name=name, size=found.st_size, changed_ns=found.st_mtime_ns, sha256=sha256)


def digest_headers(session: Session, name: str, path: Path) -> dict[str, str]:
    """Repr-Digest (RFC 9530) of the file that is there now; none while nobody has read it yet."""
    found = path.stat()
    query = select(Upload.sha256).where(
        Upload.name == name, Upload.size == found.st_size, Upload.changed_ns == found.st_mtime_ns
    )
    sha256 = session.scalar(query.order_by(Upload.id.desc()).limit(1))
    return {} if sha256 is None else {"Repr-Digest": f"sha-256=:{b64encode(bytes.fromhex(sha256)).decode()}:"}

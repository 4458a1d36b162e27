"""Causes of differences in headers: those of files and of CORS, and how a request's are read. Pure."""

from __future__ import annotations

import re
from email.message import Message

from ...http.message import values_of
from .symptom import Cause, Symptom

_WERKZEUG_ETAG = re.compile(r'(W/)?"\d+\.\d+-\d+-\d+"')
_STARLETTE_ETAG = re.compile(r'(W/)?"[0-9a-f]{32}"')
_GENERATED_ETAG = re.compile(r'(W/)?"[0-9a-f]{40}"')
_CONDITIONS = ("if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range")
_CORS = re.compile(r"header\.access-control-allow-[a-z]+|header\.access-control-max-age")


def _is_vary_cookie(symptom: Symptom) -> bool:
    ours, theirs = _vary(symptom)
    return ours - theirs == {"cookie"} and symptom.candidate.status < 500


def _is_repeated(symptom: Symptom) -> bool:
    """The control has all values of a request header joined, the candidate the first."""
    ours, theirs = symptom.values
    names = {name for name, _ in symptom.request.headers}
    lines = ([value.decode("latin-1") for value in values_of(symptom.request.headers, name.lower())] for name in names)
    return symptom.is_of_body and any(len(line) > 1 and (ours, theirs) == (",".join(line), line[0]) for line in lines)


def _is_underscore(symptom: Symptom) -> bool:
    """The candidate has the value of a header with an underscore; the control that of the one with a dash, or null."""
    ours, theirs = symptom.values
    sent = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in symptom.request.headers]
    names = [name for name, value in sent if "_" in name and value == theirs]
    dashed = [value for name, value in sent if name in [odd.replace("_", "-") for odd in names]]
    return symptom.is_of_body and bool(names) and (ours in dashed or symptom.difference.control == "null")


def _is_host(symptom: Symptom) -> bool:
    """A Host that is no host: the control has none, the candidate its text or another one's URL."""
    host = symptom.request.header("host")
    ours = symptom.values[0]
    is_odd = re.search(r"[/?#@\\\s]", host) is not None
    return (
        symptom.is_of_body and is_odd and isinstance(ours, str) and (not ours or re.match(r"\w+:///", ours) is not None)
    )


def _is_of_file(symptom: Symptom) -> bool:
    """One of the headers of a file, from a side whose ETag is one of its framework's for files."""
    ours, theirs = (side.header("etag") for side in (symptom.control, symptom.candidate))
    is_file = _WERKZEUG_ETAG.fullmatch(ours) or (
        _STARLETTE_ETAG.fullmatch(theirs) and symptom.candidate.header("last-modified")
    )
    if not is_file or symptom.statuses[0] != symptom.statuses[1]:
        return False
    control, candidate = symptom.difference.control, symptom.difference.candidate
    return {
        "header.etag": candidate is not None and _STARLETTE_ETAG.fullmatch(candidate) is not None,
        "header.last-modified": control is None,
        "header.cache-control": (control, candidate) == ("no-cache", None),
        "header.content-disposition": (control or "").startswith("inline;") and candidate is None,
        "header.accept-ranges": candidate is None and symptom.control.status == 304,
    }.get(symptom.where, False)


def _is_download_name(symptom: Symptom) -> bool:
    """Both name the same file; only the control's ASCII form stands beside, or without quotes."""
    if symptom.where != "header.content-disposition":
        return False
    ours, theirs = symptom.difference.control or "", symptom.difference.candidate or ""
    name = _filename(theirs)
    if name is not None and ours.replace(f"filename={name}", f'filename="{name}"') == theirs != ours:
        return True
    return (
        name is not None and not name.isascii() and _filename(re.sub(r'filename="(?:[^"\\]|\\.)*"; ', "", ours)) == name
    )


def _is_conditional_file(symptom: Symptom) -> bool:
    """The control looks at the request's condition, and the candidate answers with the file as if it had none."""
    is_asked = any(symptom.request.header(name) for name in _CONDITIONS)
    is_file = _STARLETTE_ETAG.fullmatch(symptom.candidate.header("etag")) is not None
    is_whole = symptom.control.status in (206, 304, 412) and symptom.candidate.status in (200, 206)
    return symptom.is_of_answer and is_asked and is_file and is_whole and symptom.statuses != (206, 206)


def _is_range(symptom: Symptom) -> bool:
    ours, theirs = symptom.statuses
    is_refused = symptom.request.header("range") != "" and ours == 416 and theirs in (206, 400, 416)
    return symptom.is_of_answer and is_refused and (symptom.has_page or symptom.request.method == "HEAD")


def _is_conditional(symptom: Symptom) -> bool:
    is_lost = _GENERATED_ETAG.fullmatch(symptom.control.header("etag")) and not symptom.candidate.header("etag")
    is_answer = symptom.where == "header.etag" or (symptom.is_of_answer and symptom.statuses == (304, 200))
    return bool(is_lost) and is_answer


def _is_preflight(symptom: Symptom) -> bool:
    is_asked = symptom.request.method == "OPTIONS" and symptom.request.header("access-control-request-method") != ""
    is_answered = symptom.control.status == 200 and symptom.candidate.body.startswith((b"OK", b"Disallowed CORS "))
    is_new_vary = symptom.where == "header.vary" and symptom.difference.control is None
    is_place = symptom.is_of_answer or is_new_vary or _CORS.fullmatch(symptom.where) is not None
    return is_asked and is_answered and is_place


def _is_cors(symptom: Symptom) -> bool:
    ours, theirs = _vary(symptom)
    if theirs - ours == {"origin"} and not ours - theirs:
        return True
    is_refused = symptom.request.header("origin") != "" and not symptom.candidate.header("access-control-allow-origin")
    return (
        is_refused and symptom.where == "header.access-control-allow-credentials" and symptom.difference.control is None
    )


def _vary(symptom: Symptom) -> tuple[set[str], set[str]]:
    """The names in Vary on each side; empty where the place is another."""
    if symptom.where != "header.vary":
        return set(), set()
    ours, theirs = (
        set(re.findall(r"[\w*-]+", (text or "").lower()))
        for text in (symptom.difference.control, symptom.difference.candidate)
    )
    return ours, theirs


def _filename(disposition: str) -> str | None:
    message = Message()
    message["content-disposition"] = disposition
    return message.get_filename()


CAUSES = (
    Cause(
        "range-request",
        "Flask serves one range and refuses several or malformed ones with a 416 page; Starlette serves several as "
        "multipart/byteranges, and answers 400 in plain text, or an empty 416.",
        "An ignore rule, unless clients ask for ranges.",
        _is_range,
    ),
    Cause(
        "cors-preflight",
        "Flask-CORS answers a preflight with 200, Allow and what was asked; CORSMiddleware with `OK` and all that it "
        "allows, or 400 for a refused origin.",
        "Leave CORS to the proxy, or ignore it; browsers read both.",
        _is_preflight,
    ),
    Cause(
        "cors-headers",
        "Flask-CORS adds headers for allowed origins alone; CORSMiddleware adds `Vary: Origin` to every answer and "
        "Allow-Credentials for refused origins too.",
        "Ignore it: no browser lets a refused origin read the answer.",
        _is_cors,
    ),
    Cause(
        "conditional-answer",
        "`add_etag()` and `make_conditional()` give an ETag and 304 in Flask; FastAPI sends neither by itself.",
        "Set ETag on the response and answer `Response(status_code=304)` when If-None-Match has it.",
        _is_conditional,
    ),
    Cause(
        "conditional-file",
        "`send_file` answers 304 and 412 to conditional requests, and any If-Range date that is not before the file's; "
        "Starlette's `FileResponse` sends the whole file.",
        "`StaticFiles(...).is_not_modified(response.headers, request.headers)` and `NotModifiedResponse`, where caches "
        "ask often.",
        _is_conditional_file,
    ),
    Cause(
        "file-headers",
        "Flask's files have `Cache-Control: no-cache`, `Content-Disposition: inline` and an ETag of time, size and "
        "path, and bytes no validators; Starlette's have an ETag by MD5, Last-Modified and none of the first two.",
        '`FileResponse(path, content_disposition_type="inline", headers={"Cache-Control": "no-cache"})`; clients '
        "refetch once for the ETag.",
        _is_of_file,
    ),
    Cause(
        "download-name",
        "For a name beyond ASCII Flask sends an ASCII `filename` beside `filename*`; Starlette `filename*` alone, and "
        "an ASCII name always in quotes.",
        "Write Content-Disposition yourself where old clients matter.",
        _is_download_name,
    ),
    Cause(
        "vary-cookie",
        "Flask adds `Vary: Cookie` to every answer whose view looked at the session; this view of FastAPI did not.",
        '`response.headers["Vary"] = "Cookie"` where the answer depends on the user: caches mix users up without it.',
        _is_vary_cookie,
    ),
    Cause(
        "repeated-header",
        "A header sent twice is one value to Flask, joined by a comma; `headers.get` of Starlette gives the first.",
        '`",".join(request.headers.getlist(name))`.',
        _is_repeated,
    ),
    Cause(
        "underscore-header",
        "Headers with an underscore do not reach Flask (their WSGI names would be those of other headers); Starlette "
        "keeps them.",
        "Do not read such headers: proxies drop them.",
        _is_underscore,
    ),
    Cause(
        "host-header",
        "For a Host that is no host Flask gives an empty one; Starlette the server's own address.",
        "`TrustedHostMiddleware(allowed_hosts=[...])`, and the same at the proxy.",
        _is_host,
    ),
)

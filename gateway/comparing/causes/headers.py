"""Causes of differences in headers: those of files and of CORS, and how a request's are read. Pure."""

from __future__ import annotations

import re
from email.message import Message

from ...http.message import values_of
from .symptom import Symptom, cause

_WERKZEUG_ETAG = re.compile(r'(W/)?"\d+\.\d+-\d+-\d+"')
_STARLETTE_ETAG = re.compile(r'(W/)?"[0-9a-f]{32}"')
_GENERATED_ETAG = re.compile(r'(W/)?"[0-9a-f]{40}"')
_CONDITIONS = ("if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range")
_CORS = re.compile(r"header\.access-control-allow-[a-z]+|header\.access-control-max-age")


@cause(
    "Flask serves one range and refuses several or malformed ones with a 416 page; Starlette serves several as "
    "multipart/byteranges, and answers 400 in plain text, or an empty 416.",
    "An ignore rule, unless clients ask for ranges.",
)
def range_request(symptom: Symptom) -> bool:
    is_asked = symptom.is_of_answer and symptom.request.header("range") != ""
    is_refused = symptom.control.status == 416 and symptom.candidate.status in (206, 400, 416)
    return is_asked and is_refused and (symptom.has_werkzeug_page or symptom.request.method == "HEAD")


@cause(
    "Flask-CORS answers a preflight with 200, Allow and what was asked; CORSMiddleware with `OK` and all that it "
    "allows, or 400 for a refused origin.",
    "Leave CORS to the proxy, or ignore it; browsers read both.",
)
def cors_preflight(symptom: Symptom) -> bool:
    is_asked = symptom.request.method == "OPTIONS" and symptom.request.header("access-control-request-method") != ""
    asked = symptom.request.header("access-control-request-method")
    is_granted = asked in symptom.control.header("access-control-allow-methods").replace(" ", "").split(",")
    is_granted = is_granted and symptom.control.header("access-control-allow-origin") != ""
    # A browser reads the refusal of what legacy grants.
    known = b"OK" if is_granted else (b"OK", b"Disallowed CORS ")
    is_answered = symptom.control.status == 200 and symptom.candidate.body.startswith(known)
    is_new_vary = symptom.where == "header.vary" and symptom.is_added
    is_location = symptom.is_of_answer or is_new_vary or _CORS.fullmatch(symptom.where) is not None
    return is_asked and is_answered and is_location


@cause(
    "Flask-CORS adds headers for allowed origins alone; CORSMiddleware adds `Vary: Origin` to every answer and "
    "Allow-Credentials for refused origins too.",
    "Ignore it: no browser lets a refused origin read the answer.",
)
def cors_headers(symptom: Symptom) -> bool:
    control, candidate = _vary(symptom)
    if candidate - control == {"origin"} and not control - candidate:
        return True
    is_refused = symptom.request.header("origin") != "" and not symptom.candidate.header("access-control-allow-origin")
    return is_refused and symptom.where == "header.access-control-allow-credentials" and symptom.is_added


@cause(
    "`add_etag()` and `make_conditional()` give an ETag and 304 in Flask; FastAPI sends neither by itself.",
    "Set ETag on the response and answer `Response(status_code=304)` when If-None-Match has it.",
)
def conditional_answer(symptom: Symptom) -> bool:
    is_lost = _GENERATED_ETAG.fullmatch(symptom.control.header("etag")) and not symptom.candidate.header("etag")
    is_answer = symptom.where == "header.etag" or (symptom.is_of_answer and symptom.statuses == (304, 200))
    return bool(is_lost) and is_answer


@cause(
    "`send_file` answers 304 and 412 to conditional requests, and any If-Range date that is not before the file's; "
    "Starlette's `FileResponse` sends the whole file.",
    "`StaticFiles(...).is_not_modified(response.headers, request.headers)` and `NotModifiedResponse`, where caches "
    "ask often.",
)
def conditional_file(symptom: Symptom) -> bool:
    """Tell whether the control heeds the request's condition and the candidate answers with the file regardless."""
    is_asked = any(symptom.request.header(name) for name in _CONDITIONS)
    is_file = _STARLETTE_ETAG.fullmatch(symptom.candidate.header("etag")) is not None
    is_whole = symptom.control.status in (206, 304, 412) and symptom.candidate.status in (200, 206)
    return symptom.is_of_answer and is_asked and is_file and is_whole and symptom.statuses != (206, 206)


@cause(
    "Flask's files have `Cache-Control: no-cache`, `Content-Disposition: inline` and an ETag of time, size and path, "
    "and bytes no validators; Starlette's have an ETag by MD5, Last-Modified and none of the first two.",
    '`FileResponse(path, content_disposition_type="inline", headers={"Cache-Control": "no-cache"})`; clients refetch '
    "once for the ETag.",
)
def file_headers(symptom: Symptom) -> bool:
    """Tell whether the location is a header of files, where a side's ETag is one that its framework gives files."""
    is_of_werkzeug = _WERKZEUG_ETAG.fullmatch(symptom.control.header("etag")) is not None
    is_of_starlette = _STARLETTE_ETAG.fullmatch(symptom.candidate.header("etag")) is not None
    is_file = is_of_werkzeug or (is_of_starlette and symptom.candidate.header("last-modified") != "")
    if not is_file or not symptom.has_one_status:
        return False
    control, candidate = symptom.texts
    return {
        "header.etag": candidate is not None and _STARLETTE_ETAG.fullmatch(candidate) is not None,
        "header.last-modified": control is None,
        "header.cache-control": (control, candidate) == ("no-cache", None),
        "header.content-disposition": (control or "").startswith("inline;") and candidate is None,
        "header.accept-ranges": candidate is None and symptom.control.status == 304,
    }.get(symptom.where, False)


@cause(
    "For a name beyond ASCII Flask sends an ASCII `filename` beside `filename*`; Starlette `filename*` alone, and an "
    "ASCII name always in quotes.",
    "Write Content-Disposition yourself where old clients matter.",
)
def download_name(symptom: Symptom) -> bool:
    """Tell whether both name one file, and the control an ASCII form beside or without quotes."""
    control, candidate = symptom.difference.control or "", symptom.difference.candidate or ""
    name = _filename(candidate)
    if symptom.where != "header.content-disposition" or name is None:
        return False
    is_unquoted = control.replace(f"filename={name}", f'filename="{name}"') == candidate != control
    without_ascii = re.sub(r'filename="(?:[^"\\]|\\.)*"; ', "", control)
    return is_unquoted or (not name.isascii() and _filename(without_ascii) == name)


@cause(
    "Flask adds `Vary: Cookie` to every answer whose view looked at the session; this view of FastAPI did not.",
    '`response.headers["Vary"] = "Cookie"` where the answer depends on the user: caches mix users up without it.',
)
def vary_cookie(symptom: Symptom) -> bool:
    control, candidate = _vary(symptom)
    return control - candidate == {"cookie"} and symptom.candidate.status < 500


@cause(
    "A header sent twice is one value to Flask, joined by a comma; `headers.get` of Starlette gives the first.",
    '`",".join(request.headers.getlist(name))`.',
)
def repeated_header(symptom: Symptom) -> bool:
    """Tell whether the control has all values of a request header joined, the candidate the first."""
    sent = [values_of(symptom.request.headers, name.lower()) for name, _ in symptom.request.headers]
    repeated = [[value.decode("latin-1") for value in values] for values in sent if len(values) > 1]
    return symptom.is_of_body and symptom.strings in [(",".join(values), values[0]) for values in repeated]


@cause(
    "Headers with an underscore do not reach Flask (their WSGI names would be those of other headers); Starlette "
    "keeps them.",
    "Do not read such headers: proxies drop them.",
)
def underscore_header(symptom: Symptom) -> bool:
    """Tell whether the candidate has the value of a header with an underscore, the control of the dashed, or null."""
    control, candidate = symptom.values
    sent = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in symptom.request.headers]
    names = [name for name, value in sent if "_" in name and value == candidate]
    dashed = [value for name, value in sent if name in [odd.replace("_", "-") for odd in names]]
    return symptom.is_of_body and bool(names) and (control in dashed or symptom.difference.control == "null")


@cause(
    "For a Host that is no host Flask gives an empty one; Starlette the server's own address.",
    "`TrustedHostMiddleware(allowed_hosts=[...])`, and the same at the proxy.",
)
def host_header(symptom: Symptom) -> bool:
    """Tell whether the control has no host, or a URL without one, for a Host that is no host."""
    text = symptom.values[0]
    is_odd = re.search(r"[/?#@\\\s]", symptom.request.header("host")) is not None
    return symptom.is_of_body and is_odd and isinstance(text, str) and re.match(r"\Z|\w+:///", text) is not None


def _vary(symptom: Symptom) -> tuple[set[str], set[str]]:
    """Return the names in Vary on each side; none where the location is another."""
    if symptom.where != "header.vary":
        return set(), set()
    control, candidate = (set(re.findall(r"[\w*-]+", (text or "").lower())) for text in symptom.texts)
    return control, candidate


def _filename(disposition: str) -> str | None:
    message = Message()
    message["content-disposition"] = disposition
    return message.get_filename()

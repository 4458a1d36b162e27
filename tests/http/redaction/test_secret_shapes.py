"""The secret suite: no shape in which a secret is written gets through, and ordinary traffic stays as it is."""

from __future__ import annotations

import base64
import gzip
import json
from itertools import chain
from urllib.parse import quote, urlencode

import pytest

from gateway.http.message import Exchange, Request, Response
from gateway.http.multipart import Part, encode_multipart
from gateway.http.redaction.redaction import ids_given_out, redact_request

SALT = b"of this recording"
WORD = "Hunter-2x9"
"""A password: by its name alone a secret."""
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def request(target: str = "/", body: str | bytes = b"", kind: str = "", **headers: str) -> Request:
    sent = {"content-type": kind} if kind else {}
    pairs = {**sent, **headers}.items()
    encoded = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in pairs)
    return Request("POST", target.encode(), encoded, body.encode() if isinstance(body, str) else body)


def text_of(whole: Request) -> str:
    """All that a request says, as whoever looks for secrets would read it."""
    headers = "\n".join(f"{name.decode()}: {value.decode('latin-1')}" for name, value in whole.headers)
    return f"{whole.target.decode()}\n{headers}\n{whole.body.decode('latin-1')}"


NAMES = """
password Password new_password user[password] userPassword passwd pwd pw PW client_secret api_key X-API-Key
signing_key encryptionKey ssh-key masterkey licence_key access_token refreshToken csrf_token csrfmiddlewaretoken otp
pin cvc session sid session_id jsessionid PHPSESSID signature passphrase mfa_code phone phoneNumber iban card_number
ssn passwort Kennwort mot_de_passe motDePasse mdp contraseña contrasena clave senha parola wachtwoord lösenord passord
adgangskode salasana hasło heslo jelszó şifre lozinka пароль 密码 パスワード 비밀번호
"""

VALUES = {  # by their look alone
    "an e-mail": "ada.lovelace@corp.example",
    "a card": "4111111111111111",
    "a card in groups": "5500 0055 5555 5559",
    "a JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "an IBAN": "DE89370400440532013000",
    "an IBAN in groups": "GB82 WEST 1234 5698 7654 32",
    "a phone": "+49 30 9018-20",
    "a phone in one": "+14155552671",
    "a Stripe key": "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "a GitHub token": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "a fine-grained token": "github_pat_11AAAAAAA0abcdefghijklmnop_qrstuv",
    "a GitLab token": "glpat-20charsOfRandomness",
    "a Slack token": "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy",
    "an AWS key": "AKIAIOSFODNN7EXAMPLE",
    "a Google key": "AIzaSyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe",
    "a Google token": "ya29.a0AfH6SMBx-abcdefghijklmnop",
    "a SendGrid key": "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",
    "an npm token": "npm_abcdefghijklmnopqrstuvwxyz0123456789",
    "an OpenAI key": "sk-proj-abcdefghijklmnopqrst",
    "a Shopify token": "shpat_0123456789abcdef0123456789abcdef",
    "a webhook's secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "a Slack webhook": "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "a Discord webhook": "https://discord.com/api/webhooks/1234567890/abc-DEF_ghi",
    "a Telegram bot": "https://api.telegram.org/bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/getMe",
    "a login in a URL": "postgresql://app:s3cr3t-pw@db.internal/shop",
    "a private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\n-----END RSA PRIVATE KEY-----",
    "a bearer in a text": "Authorization: Bearer abc123def456ghi",
}
SEGMENTS = [  # of a path, that nobody can guess
    "9f86d081884c7d659a2feaa0c55ad015",
    "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08",
    "0b5c1d62-9e4f-4c1e-8a21-0d6f1c2b3a4e",
    "0b5c1d629e4f4c1e8a210d6f1c2b3a4e",
    "dGhpcyBpcyBhIHRva2Vu1X9z",
    "aB3-xY9_kL2mQ7vR4tZ1",
    "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA9x7",
    "eyJ1c2VyIjoxfQ.ZxT9aQ.k3P0mYd7fH2s",
    "ImFkYUBleGFtcGxlLmNvbSI.Z1x2Yg.a7Kd93mfLs0",
]


def by_name(name: str) -> dict[str, Request]:
    """A value that its name makes a secret, in each place that has names."""
    pair = {"page": "2", name: WORD}
    return {
        "query": request(f"/?{urlencode(pair)}"),
        "form": request(body=urlencode(pair), kind=FORM),
        "json": request(body=json.dumps(pair), kind=JSON),
        "json of an object": request(body=json.dumps({"user": {name: {"old": WORD}}}), kind=JSON),
        "multipart": request(
            body=encode_multipart((Part(name, WORD.encode()),), "x"), kind="multipart/form-data; boundary=x"
        ),
        "named value": request(body=json.dumps([{"name": name, "value": WORD}]), kind=JSON),
    }


def by_look(value: str) -> dict[str, Request]:
    """A value that looks secret, in each place."""
    return {
        "query": request(f"/?{urlencode({'q': value})}"),
        "form": request(body=urlencode({"note": value}), kind=FORM),
        "json": request(body=json.dumps({"note": f"see {value} please"}), kind=JSON),
        "header": request(x_note=value.replace("\n", " ")),
    }


PLACES = {
    "XML": ("<login><password>{}</password></login>", "application/xml"),
    "XML by an attribute": ('<login password="{}"/>', "text/xml"),
    "SOAP": ("<soap:Envelope><w:Password Type='x'>{}</w:Password></soap:Envelope>", "application/soap+xml"),
    "YAML": ("user: ada\npassword: {}\n", "application/yaml"),
    "CSV": ("user,password\nada,{}\n", "text/csv"),
    "plain text": ("my password is {}", "text/plain"),
    "no type": ("password {}", ""),
    "GraphQL": ('mutation { login(password: "{}") { id } }', "application/graphql"),
    "GraphQL in JSON": (json.dumps({"query": 'mutation { login(password: "{}") }'}), JSON),
    "GraphQL's variables": (json.dumps({"variables": {"input": {"password": "{}"}}}), JSON),
    "XML in JSON": (json.dumps({"xml": "<a><password>{}</password></a>"}), JSON),
    "XML's named entry in JSON": (json.dumps({"xml": '<entry key="password">{}</entry>'}), JSON),
    "XML's named value in JSON": (json.dumps({"xml": '<param name="password" value="{}"/>'}), JSON),
    "YAML in JSON": (json.dumps({"file": "user: ada\npassword: {}\n"}), JSON),
    "settings in JSON": (json.dumps({"env": 'DB_PASSWORD="{}"\nDEBUG=1'}), JSON),
    "settings in single quotes": (json.dumps({"env": "API_TOKEN='{}'"}), JSON),
    "JSON in JSON": (json.dumps({"data": json.dumps({"password": "{}"})}), JSON),
    "JSON that is cut": ('{"a": 1, "password": "{}', JSON),
    "problem JSON": (json.dumps({"password": "{}"}), "application/vnd.api+json"),
    "JSON with another type": (json.dumps({"password": "{}"}), "text/plain"),
    "JSON with a mark": ("\ufeff" + json.dumps({"password": "{}"}), JSON),
    "name after value": (json.dumps({"value": "{}", "name": "password"}), JSON),
    "a field and its content": (json.dumps({"field": "api_key", "content": "{}"}), JSON),
    "JSON in a form": (urlencode({"data": json.dumps({"password": "{}"})}).replace("%7B%7D", "{}"), FORM),
    "a part with JSON": (
        '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n{"password": "{}"}\r\n--x--\r\n',
        "multipart/form-data; boundary=x",
    ),
    "msgpack": ("\x81\xa8password\xaa{}", "application/msgpack"),
    "protobuf": ("\x0a\x0a{}", "application/x-protobuf"),
    "bytes": ("\x00\x01{}", "application/octet-stream"),
}
BROKEN = {  # what only looks readable
    "JSON under the type of a form": ('{"password":"{}"}', FORM),
    "JSON under the type of a form, encoded": ("%7B%22password%22%3A%22{}%22%7D", FORM),
    "JSON with an equals sign": ('{"password":"{}","a":"b=c"}', FORM),
    "a form without a name": ("{}", FORM),
    "a form with a colon": ("password:{}", FORM),
    "a text with a boundary": ("my password is {}", "text/plain; boundary=x"),
    "JSON with a last comma": ('{"pass\\u0077ord":"{}",}', JSON),
    "JSON with a comment": ('{"password" /* x */: "{}",}', JSON),
    "JSON without quotes": ("{password: /* x */ '{}'}", JSON),
    "a list with a last comma": ('[["password","{}"],]', JSON),
    "a key that stands twice": ('{"a":{"password":"{}"},"a":1}', JSON),
    "lines of JSON": ('{"a":1}\n{"password":"{}"}\n', "application/x-ndjson"),
    "UTF-7": ("+AHs-+ACI-password+ACI-:+ACI-{}+ACI-+AH0-", "application/json; charset=utf-7"),
    "a pair": ('[["password","{}"]]', JSON),
    "AWS's way": ('{"Name":"password","Value":"{}"}', JSON),
    "a patch": ('{"op":"replace","path":"/password","value":"{}"}', JSON),
    "an attribute": ('{"attribute":"api_key","newValue":"{}"}', JSON),
    "a grant in JSON": ('{"grant_type":"authorization_code","code":"{}"}', JSON),
    "a form's named value": ("field[name]=password&field[value]={}", FORM),
    "percent signs twice": ("next=%252Fa%253Ftoken%253D{}", FORM),
    "entities": ('{"x":"&lt;password&gt;{}&lt;/password&gt;"}', JSON),
    "a setting with blanks": ('{"env":"password = {}"}', JSON),
    "a hash": ("{\"code\":\"'password' => '{}'\"}", JSON),
    "a URL in a text": ('{"text":"see https://a.test/x?token={} now"}', JSON),
}
PARTS_OF_FORMS = {
    "a file of text": ('name="f"; filename="a.txt"', "text/plain", "my password is {}"),
    "a table": ('name="f"; filename="a.csv"', "text/csv", "user,password\r\nada,{}"),
    "a file without a type": ('name="f"; filename=".env"', "", "DB_PASSWORD = {}"),
    "a part with a type": ('name="f"', "text/csv", "ada,{}"),
    "a part of JSON": ('name="f"', JSON, '{"password":"{}"}'),
    "a name in capitals": ('NAME="password"', "", "{}"),
    "a name that is encoded": ('name="p%61ssword"', "", "{}"),
    "no name": ("x", "", "{}"),
}


def part(disposition: str, kind: str, content: str) -> Request:
    head = f"Content-Disposition: form-data; {disposition}\r\n" + (f"Content-Type: {kind}\r\n" if kind else "")
    body = f"--x\r\n{head}\r\n{content.replace('{}', WORD)}\r\n--x--\r\n"
    return request(body=body, kind="multipart/form-data; boundary=x")


OTHERS = {
    "a header of JSON": request(x_context=json.dumps({"password": WORD})),
    "a header of pairs": request(x_context=f"user=ada; token={WORD}"),
    "a matrix parameter": request(f"/shop;jsessionid={WORD}?a=1"),
    "a fragment of a target": request(f"/cb?next=%2Fa%3Fapi_key%3D{WORD}"),
    "a token in another URL": request(referer="https://shop.test/reset/" + "9f86d081884c7d65" * 2 + WORD),
    "base64 of JSON": request("/?state=" + base64.b64encode(json.dumps({"password": WORD}).encode()).decode()),
    "base64 of a login": request(x_registry_config=base64.b64encode(f"ada:{WORD}".encode()).decode()),
    "a short code": request(f"/reset/{WORD}"),
    "a grant": request(f"/callback?code={WORD}&state=xyz"),
    "a grant's exchange": request(body=f"grant_type=authorization_code&code={WORD}&redirect_uri=x", kind=FORM),
    "basic": request(authorization="Basic " + base64.b64encode(f"ada:{WORD}".encode()).decode()),
    "digest": request(authorization=f'Digest username="ada", response="{WORD}"'),
    "a scheme of its own": request(authorization=f"Hunter {WORD}"),
    "no scheme": request(authorization=WORD),
    "a cookie": request(cookie=f"theme=dark; remember_token={WORD}"),
    "a cookie of any name": request(cookie=f"a={WORD}"),
    "a CSRF header": request(x_csrftoken=WORD),
    "a referer": request(referer=f"https://shop.test/reset?token={WORD}"),
    "an AWS query": request(f"/f?X-Amz-Credential={WORD}&X-Amz-Signature={WORD}"),
    "compressed": request(
        body=gzip.compress(json.dumps({"password": WORD}).encode()), kind=JSON, content_encoding="gzip"
    ),
}


def forms(secret: str) -> set[str]:
    return {
        secret,
        quote(secret),
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        base64.b64encode(f"ada:{secret}".encode()).decode(),
    }


def shapes() -> list[tuple[str, Request, str]]:
    named = ((f"{name} in {place}", one, WORD) for name in NAMES.split() for place, one in by_name(name).items())
    looking = (
        (f"{what} in {place}", one, value) for what, value in VALUES.items() for place, one in by_look(value).items()
    )
    broken = ((what, request(body=text.replace("{}", WORD), kind=kind), WORD) for what, (text, kind) in BROKEN.items())
    parts = ((what, part(*given), WORD) for what, given in PARTS_OF_FORMS.items())
    placed = ((what, request(body=text.replace("{}", WORD), kind=kind), WORD) for what, (text, kind) in PLACES.items())
    in_paths = ((f"/reset/{one}", request(f"/reset/{one}"), one) for one in SEGMENTS)
    others = ((what, one, WORD) for what, one in OTHERS.items())
    return [*chain(named, looking, placed, broken, parts, in_paths, others)]


SHAPES = shapes()


def leaked(whole: Request, secret: str) -> list[str]:
    clean = text_of(redact_request(whole, SALT))
    parts = [secret, *secret.replace("\n", " ").split("://")[1:]]
    return [form for part in parts for form in forms(part) if form in clean]


def test_no_shape_of_a_secret_gets_through() -> None:
    assert len(SHAPES) > 400
    assert [what for what, whole, secret in SHAPES if leaked(whole, secret)] == []


def test_every_shape_has_its_secret_before() -> None:
    """The suite looks for what is there."""
    raw = {what for what, whole, secret in SHAPES if not any(form in text_of(whole) for form in forms(secret))}
    encoded = ("compressed", "base64", " in query", " in form", "a private key in header")
    assert [what for what in raw if not any(one in what for one in encoded)] == []


@pytest.mark.parametrize("what", ["query", "form", "json", "multipart"])
def test_what_is_masked_keeps_its_form_and_is_the_same_each_time(what: str) -> None:
    whole = by_name("password")[what]
    first, again = (redact_request(whole, SALT) for _ in range(2))
    assert first == again != redact_request(whole, b"another")
    assert [name for name, _ in first.headers] == [name for name, _ in whole.headers]
    assert len(first.body) == len(whole.body)


# --- ordinary traffic ---

TARGETS = """
/ /todos /todos/7 /users/ada /blog/2024/05/how-we-moved-to-fastapi /static/app.8f3d2c.js /static/css/main.css
/search?q=fast+api&page=2&sort=name&order=desc /orders/2024-000123 /products/SKU-4711-XL
/api/v1/items?limit=50&offset=100 /files/annual-report-2023-final.pdf /de/produkte/kaffeemaschine-deluxe-3000
/events?from=2024-01-01&to=2024-12-31T23:59:59Z /calendar/2024-06-01 /geo?lat=52.520008&lon=13.404954&zoom=12
/c/MacBook-Pro-16-2023 /articles/top-10-tips-for-2024 /download/v1.2.3/linux-x86_64.tar.gz /tags/c%2B%2B
/u/ada.lovelace /export?format=csv&fields=id,name,price&key=name /translate?key=menu.title&lang=de
/feed?since=1700000000 /wiki/Ada_Lovelace /items?color=blue&size=XL&in_stock=true
/static/main.9f86d081884c7d65.js /img/logo@2x.png /calendar/20240115T103000Z
/articles?page_token_type=next&max_tokens=100000
/countries/DE/cities/Berlin
/hotels/grand-hotel-4-seasons?adults=2&children=0 /graphql?operationName=GetItems /colors/ff00aa /commits/8f3d2c1
/tracks/12345678901234 /isbn/9783161484100 /jobs?state=open&code=42
"""
BODIES = [
    {"title": "Wash bus 3", "done": False, "priority": 2, "tags": ["home", "bus"]},
    {"name": "Ada Lovelace", "city": "London", "zip": "SW1A 1AA", "born": "1815-12-10", "height": 1.65},
    {"items": [{"sku": "AB-1234-XYZ", "qty": 3, "price": "19.99", "currency": "EUR"}], "total": 59.97},
    {"text": "Die Frage: wer war's? Antwort folgt um 10:30, Raum 12-345.", "lang": "de"},
    {"query": "{ items(first: 10) { id name price } }", "variables": {"first": 10, "filter": {"name": "bolt"}}},
    {"start": "2024-05-01T10:00:00+02:00", "end": "2024-05-01T11:30:00+02:00", "all_day": False, "note": "room A-12"},
    {"html": "<p class='x'>Hello <b>world</b></p>", "url": "https://shop.example/items/7?ref=home", "n": 1700000000},
    {"version": "3.11.7", "hash": "sha256", "mime": "image/png", "size": 1048576, "path": "/srv/data/report-2024.csv"},
    {"name": "color", "value": "blue"},
    {
        "text": 'Password: "" is not allowed',
        "more": "Your password:\nPlease choose",
        "note": "The password: we need it",
    },
    {"max_tokens": 100000, "amount": 1000000, "token_count": 5, "has_password": True, "session_title": "Opening"},
    {"package": "react@18.2.0", "image": "hero@2x-1920x1080.webp", "gtin": "5901234123457", "secretary": "Ada"},
    {"text": "basic knowledge_of and The basic 2024-edition.", "plus": "+1234567.89", "translation_key": "menu.title"},
    {"key": "theme", "value": "dark", "label": "Theme"},
    {"message": "time: 10:30 place: Berlin ratio: 16:9", "isbn": "978-3-16-148410-0", "ean": "4006381333931"},
]


def test_ordinary_traffic_stays_as_it_is() -> None:
    wholes = [request(target) for target in TARGETS.split()]
    wholes += [request(body=json.dumps(body), kind=JSON) for body in BODIES]
    wholes += [request(body=urlencode({key: str(value) for key, value in body.items()}), kind=FORM) for body in BODIES]
    assert [text_of(one) for one in wholes if redact_request(one, SALT) != one] == []


def test_ids_that_answers_gave_out_are_no_secrets() -> None:
    uuid = "0b5c1d62-9e4f-4c1e-8a21-0d6f1c2b3a4e"
    told = Exchange(
        request("/orders"),
        Response(200, ((b"content-type", b"application/json"),), json.dumps({"orders": [{"id": uuid}]}).encode()),
    )
    later = request(f"/orders/{uuid}")
    assert redact_request(later, SALT, given_out=ids_given_out([told])) == later
    assert redact_request(later, SALT) != later


@pytest.mark.parametrize("name", ["session_id", "sid", "valid", "paid", "token_uuid"])
def test_an_id_that_is_a_secret_is_not_given_out_by_its_answer(name: str) -> None:
    body = json.dumps({name: "0b5c1d62-9e4f-4c1e-8a21-0d6f1c2b3a4e"}).encode()
    told = Exchange(request("/login"), Response(200, ((b"content-type", b"application/json"),), body))
    assert ids_given_out([told]) == frozenset()


def test_lines_of_json_stay_lines() -> None:
    lines = "".join(f"{json.dumps({'n': n, 'password': f'{WORD}{n}'})}\n" for n in range(3))
    clean = redact_request(request(body=lines, kind="application/x-ndjson"), SALT).body.decode()
    assert [json.loads(line)["n"] for line in clean.splitlines()] == [0, 1, 2]
    assert clean.endswith("\n")


def test_what_is_known_is_not_replaced_inside_other_words_and_numbers() -> None:
    body = {"pin": 123456, "price": 91234567, "password": "string", "type": "substring", "session": "morning"}
    clean = json.loads(redact_request(request("/talks/morning-keynote", json.dumps(body), JSON), SALT).body)
    assert (clean["price"], clean["type"]) == (91234567, "substring")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("password=10m%C2%B2-sofa", FORM),
        ('{"pin":1e308}', JSON),
        ('{"pin":1e400}', JSON),
        ('{"pin":"\\u2460\\u2461"}', JSON),
        ("--x\r\n\r\n--x--", "multipart/form-data; boundary=x"),
        ("--x", "multipart/form-data; boundary=x"),
    ],
)
def test_nothing_makes_it_fail_or_writes_what_is_no_json(body: str, kind: str) -> None:
    clean = redact_request(request(body=body, kind=kind), SALT).body
    assert kind != JSON or json.loads(clean)

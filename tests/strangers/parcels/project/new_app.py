"""The new side: the list of states."""

from fastapi import FastAPI, Request, Response

app = FastAPI()
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'",
    "Permissions-Policy": "browsing-topics=()",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}


@app.get("/states")
def states(request: Request, response: Response) -> list[str]:
    response.headers.update(HEADERS)
    if request.headers.get("x-forwarded-proto") == "https":
        response.headers["Strict-Transport-Security"] = "max-age=31556926; includeSubDomains"
    return ["accepted", "on its way", "delivered"]

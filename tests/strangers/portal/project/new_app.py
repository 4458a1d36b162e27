"""The new side: the page about the portal."""

from fastapi import FastAPI, Response

app = FastAPI()


@app.get("/about")
def about(response: Response):
    response.headers.append("X-Portal", "1")
    response.headers.append("X-Portal", "2")
    response.headers["Vary"] = "Cookie"
    return {"portal": 3, "pages": ["cache", "reports", "sum"]}

"""The new side: the conditions."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/conditions")
def conditions():
    return {"loan_days": 28, "languages": ["de", "en"]}

"""The least that could take a submission: one process, starlette, a row in SQLite that survives a power cut.

It checks no token and decrypts nothing. `python bare_api.py <database> <port>`, by the submitter's Python.
"""

import asyncio
import sqlite3
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

database = sqlite3.connect(sys.argv[1], isolation_level=None, check_same_thread=False)
database.execute("pragma journal_mode = wal")
database.execute("pragma synchronous = full")
database.execute("create table submissions (id text primary key, received_at real, envelope text)")
thread = ThreadPoolExecutor(1)


def put(row: tuple[str, float, str]) -> None:
    database.execute("insert into submissions values (?, ?, ?)", row)


async def submit(request: Request) -> Response:
    body = await request.json()
    identity = str(uuid.uuid4())
    row = (identity, time.time(), body["encrypted_submission"])
    await asyncio.get_running_loop().run_in_executor(thread, put, row)
    return JSONResponse({}, 201, {"Location": f"/v2/submissions/{identity}"})


app = Starlette(routes=[Route("/v2/submissions", submit, methods=["POST"])])
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_config=None, access_log=False)

"""The reference: Starlette on uvicorn, answering the same JSON to every payment, or the same page to everybody."""

import socket
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def application(answer: bytes) -> Starlette:
    """An endpoint that reads what is posted to it and answers `answer`, and a page that is just that."""

    async def create(request: Request) -> Response:
        await request.body()
        return Response(answer, media_type="application/json")

    async def show(request: Request) -> Response:
        return Response(answer, media_type="text/html")

    return Starlette(routes=[Route("/v1/payments", create, methods=["POST"]), Route("/checkout", show)])


def main(answer: Path) -> None:
    """Serve on a free port of the loopback, said on standard output."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        config = uvicorn.Config(
            application(answer.read_bytes()),
            http="httptools",
            loop="uvloop",
            access_log=False,
            log_level="warning",
        )
        print(f"accepts on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]))

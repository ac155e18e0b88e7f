"""A connection that would leave the machine is refused, and written down.

Python imports this file at its start when its folder is on PYTHONPATH. COURSE_NETWORK_LOG names the
file that gets the host, because a lesson that catches the refusal still tried.
"""

import os
import sys

HERE = {
    None,
    "",
    "localhost",
    "::1",
    "0.0.0.0",
    "::",
    os.uname().nodename if hasattr(os, "uname") else "",
}

PROXY = ("127.0.0.1", 9)


def _stay_here(event: str, arguments: tuple) -> None:
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg") and isinstance(
        arguments[1], tuple
    ):
        host = arguments[1][0]  # any other address is a local socket of the file system
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if event == "socket.connect" and arguments[1] == PROXY:
        host = "proxy"  # where the tests send whatever heeds http_proxy
    if host in HERE or host.startswith("127."):
        return
    if os.environ.get("COURSE_NETWORK_LOG"):
        with open(os.environ["COURSE_NETWORK_LOG"], "a") as log:
            log.write(f"{host}\n")
    raise ConnectionRefusedError(f"lessons run offline, and this one tried to reach {host}")


sys.addaudithook(_stay_here)

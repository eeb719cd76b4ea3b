"""Makes a local mongod the primary of a replica set of its own.

Usage: replica_set.py PORT

Speaks the few lines of the wire protocol that this takes (OP_MSG with BSON), so that neither a
shell nor a driver of MongoDB has to be installed.
"""

import socket
import struct
import sys
import time

SET = "rs0"
PATIENCE_S = 60


def bson(document):
    """Encodes str, int, bool, dict and list values."""
    body = b""
    for key, value in document.items():
        name = key.encode() + b"\0"
        if isinstance(value, bool):
            body += b"\x08" + name + bytes([value])
        elif isinstance(value, int):
            body += b"\x10" + name + struct.pack("<i", value)
        elif isinstance(value, str):
            text = value.encode() + b"\0"
            body += b"\x02" + name + struct.pack("<i", len(text)) + text
        elif isinstance(value, list):
            body += b"\x04" + name + bson({str(i): item for i, item in enumerate(value)})
        else:
            body += b"\x03" + name + bson(value)
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def receive(connection, size):
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionError("mongod closed the connection")
        data += part
    return data


def run(port, command):
    """The reply to a command, as BSON bytes."""
    message = struct.pack("<I", 0) + b"\0" + bson({**command, "$db": "admin"})
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(struct.pack("<iiii", len(message) + 16, 1, 0, 2013) + message)
        size = struct.unpack("<i", receive(connection, 4))[0]
        return receive(connection, size - 4)


def main():
    port = int(sys.argv[1])
    host = f"127.0.0.1:{port}"
    config = {"_id": SET, "version": 1, "members": [{"_id": 0, "host": host}]}
    end = time.monotonic() + PATIENCE_S
    reply = b""
    while time.monotonic() < end:
        try:
            reply = run(port, {"hello": 1})
            if b"\x08isWritablePrimary\0\x01" in reply:
                return
            reply = run(port, {"replSetInitiate": config})
            if b"AlreadyInitialized" in reply and host.encode() not in run(port, {"replSetGetConfig": 1}):
                # The data was made on another port, which is taken now.
                reply = run(port, {"replSetReconfig": config, "force": True})
        except OSError as error:
            reply = str(error).encode()
        time.sleep(0.1)
    sys.exit(f"no primary on {host} within {PATIENCE_S} s; last reply: {reply!r}")


main()

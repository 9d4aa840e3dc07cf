"""A client of the original protocol, from docs/classic.md alone: client.py PORT NAME."""
import os, socket, sys, threading
name = sys.argv[2]
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
stream = connection.makefile("rb")
key = (int(stream.readline()) - 10) % 256
def xor(data):
    return bytes(byte ^ key for byte in data)
def send(kind, body):
    connection.sendall(f"{kind}{len(body):<9}".encode() + xor(body))
def listen():
    while header := stream.read(10):
        print(header[:1].decode(), repr(xor(stream.read(int(header[1:])))), flush=True)
threading.Thread(target=listen, daemon=True).start()
for line in sys.stdin:
    if line.startswith("/send "):
        data = open(line[6:-1], "rb").read()
        send("F", f"{name}\n{os.path.basename(line[6:-1])}\n{len(data)}\n0\n".encode() + data)
    else:
        send("M", f"{name}: {line[:-1]}".encode())

"""A server of the original protocol, from docs/classic.md alone: server.py NUMBER."""
import socket, sys, threading
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
clients, lock = [], threading.Lock()
def serve(client):
    client.sendall(f"{sys.argv[1]}\n".encode())
    with lock:
        clients.append(client)
        print(len(clients), flush=True)
    stream = client.makefile("rb")
    while header := stream.read(10):
        message = header + stream.read(int(header[1:]))
        with lock:
            for other in clients:
                if other is not client:
                    other.sendall(message)
    with lock:
        clients.remove(client)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

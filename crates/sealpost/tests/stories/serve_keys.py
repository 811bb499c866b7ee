"""Serves a folder over TLS, or in clear without a certificate, as a web server would that has a Web Key Directory or keys by address in it.

serve_keys.py FOLDER [CERTIFICATE KEY]: prints its port, and writes each path that it was asked for into FOLDER/asked. While there is a file
FOLDER/trouble it answers with 503.
"""

import http.server
import os
import ssl
import sys

folder, *certificate = sys.argv[1:]


class Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args):
        super().__init__(*args, directory=folder)

    def do_GET(self):
        with open(os.path.join(folder, "asked"), "a") as asked:
            asked.write(self.path + "\n")
        if os.path.exists(os.path.join(folder, "trouble")):
            self.send_error(503)
        else:
            super().do_GET()

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
if certificate:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()

"""A stand-in for your service: /health, and /v1/chat/completions that streams, with nothing but the standard library."""
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FIRST_TOKEN_SECONDS = 0.030
TOKEN_SECONDS = 0.005


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without this the kernel holds small writes back, and tokens arrive in clumps up to 40 ms late.
    disable_nagle_algorithm = True

    def do_GET(self):
        self.answer(200 if self.path == "/health" else 404, b"{}")

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
        if self.path != "/v1/chat/completions" or not request.get("stream"):
            self.answer(404, b'{"error": {"message": "only streamed chat is served here"}}')
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        tokens = min(request.get("max_tokens") or 20, 20)
        time.sleep(FIRST_TOKEN_SECONDS)
        for index in range(tokens):
            if index > 0:
                time.sleep(TOKEN_SECONDS)
            finish = "stop" if index == tokens - 1 else None
            self.event({"choices": [{"index": 0, "delta": {"content": f"word{index} "}, "finish_reason": finish}]})
        prompt = sum(len(message["content"].split()) for message in request["messages"])
        self.event({"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": tokens}})
        self.chunk(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def event(self, value):
        self.chunk(b"data: " + json.dumps(value).encode() + b"\n\n")

    def chunk(self, data):
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    host, port = (sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1"), int(sys.argv[1])
    ThreadingHTTPServer((host, port), Service).serve_forever()

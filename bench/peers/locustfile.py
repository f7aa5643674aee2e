"""One user streams one answer after the other; the time to the first token is reported as an event of its own."""

import json
import time

from locust import HttpUser, task


class Chat(HttpUser):
    @task
    def stream(self):
        body = {
            "model": "known-schedule",
            "messages": [{"role": "user", "content": "Write a short story about a lighthouse."}],
            "stream": True,
            "max_tokens": 200,
        }
        started = time.perf_counter()
        first = None
        with self.client.post("/v1/chat/completions", json=body, stream=True, catch_response=True) as response:
            for line in response.iter_lines():
                if not line.startswith(b"data: {"):
                    continue
                delta = json.loads(line[6:])["choices"]
                if first is None and delta and delta[0]["delta"].get("content"):
                    first = time.perf_counter() - started
                    self.environment.events.request.fire(request_type="TTFT", name="ttft", response_time=first * 1000, response_length=0, exception=None, context={})
            response.success()

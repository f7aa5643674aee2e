"""A decoder of random weights on the GPU behind an OpenAI-style stream: one step for all streams at a time. Needs torch, transformers and aiohttp.

    python3 bench/gpu/service.py PORT
"""

import asyncio
import json
import sys
import threading
import time

import torch
from aiohttp import web
from transformers import LlamaConfig, LlamaForCausalLM

SLOTS, WINDOW = 16, 64
started = time.time()
torch.manual_seed(0)
torch.set_default_dtype(torch.bfloat16)
config = LlamaConfig(
    vocab_size=32000, hidden_size=2048, intermediate_size=5632, num_hidden_layers=22, num_attention_heads=32, num_key_value_heads=4
)
with torch.device("cuda"):
    model = LlamaForCausalLM(config).eval()
state = torch.randint(0, 32000, (SLOTS, WINDOW), device="cuda")
free = list(range(SLOTS))
active: dict[int, asyncio.Queue] = {}
changed = threading.Condition()


def step() -> list[int]:
    """The next token of every slot, each from the last WINDOW of its own."""
    with torch.inference_mode():
        logits = model(input_ids=state, use_cache=False, logits_to_keep=1).logits[:, -1].float()
        token = (logits + torch.randn_like(logits)).argmax(-1, keepdim=True)
        state.copy_(torch.cat([state[:, 1:], token], 1))
        return token[:, 0].tolist()


def decode(loop: asyncio.AbstractEventLoop) -> None:
    while True:
        with changed:
            while not active:
                changed.wait()
            streams = list(active.items())
        tokens = step()
        for slot, queue in streams:
            loop.call_soon_threadsafe(queue.put_nowait, tokens[slot])


def event(**fields) -> bytes:
    chunk = {"id": "c", "object": "chat.completion.chunk", "model": "small", **fields}
    return f"data: {json.dumps(chunk)}\n\n".encode()


async def chat(request: web.Request) -> web.StreamResponse:
    count = int((await request.json()).get("max_tokens") or 64)
    while not free:
        await asyncio.sleep(0.001)
    slot, queue = free.pop(), asyncio.Queue()
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    with changed:
        active[slot] = queue
        changed.notify()
    try:
        for _ in range(count):
            text = f" w{await queue.get()}"
            await response.write(event(choices=[{"index": 0, "delta": {"content": text}, "finish_reason": None}]))
    finally:
        with changed:
            active.pop(slot, None)
        free.append(slot)
    await response.write(event(choices=[{"index": 0, "delta": {}, "finish_reason": "length"}]))
    await response.write(event(choices=[], usage={"prompt_tokens": 10, "completion_tokens": count, "total_tokens": count + 10}))
    await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response


async def health(_: web.Request) -> web.Response:
    return web.json_response({"ok": True})


async def main() -> None:
    for _ in range(5):
        step()
    print(f"model loaded in {time.time() - started:.2f} s", flush=True)
    threading.Thread(target=decode, args=[asyncio.get_running_loop()], daemon=True).start()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    app.router.add_get("/health", health)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(sys.argv[1])).start()
    await asyncio.Event().wait()


asyncio.run(main())

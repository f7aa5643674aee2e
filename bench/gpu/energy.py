"""What llm-bench says of a GPU beside what the GPU's own counters say, over the same window. Needs an NVIDIA GPU, Node 24 and pynvml, and what service.py needs.

    python3 bench/gpu/energy.py [SECONDS]
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path

import pynvml

here = Path(__file__).resolve().parent
seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 15
service = f"exec {sys.executable} {here / 'service.py'} ${{PORT}}"


def watch(rows: list, stop: threading.Event) -> None:
    """Epoch ms, energy since the driver was loaded (J), power (W) and utilisation (%), ten times a second."""
    pynvml.nvmlInit()
    gpu = pynvml.nvmlDeviceGetHandleByIndex(0)
    while not stop.wait(0.1):
        joules = pynvml.nvmlDeviceGetTotalEnergyConsumption(gpu) / 1000
        rows.append((time.time() * 1000, joules, pynvml.nvmlDeviceGetPowerUsage(gpu) / 1000, pynvml.nvmlDeviceGetUtilizationRates(gpu).gpu))


def joules_at(rows: list, ms: float) -> float:
    for one, other in zip(rows, rows[1:]):
        if one[0] <= ms <= other[0]:
            return one[1] + (other[1] - one[1]) * (ms - one[0]) / (other[0] - one[0])
    raise SystemExit(f"the GPU was not watched at {ms}")


def measure(folder: Path, interval: str) -> dict:
    config = {
        "target": {"name": "small", "model": "small", "command": service, "ready": {"url": "/health", "timeout_seconds": 180}},
        "observe": {"gpu": True, "energy_interval": interval},
        "scenario": {
            "name": "gpu",
            "request": {"api": "chat", "max_tokens": 64},
            "load": {"executor": "closed", "concurrency": 8, "duration": seconds},
            "warmup": 8,
        },
    }
    (folder / "llm-bench.yaml").write_text(json.dumps(config))
    cli = str(here.parent.parent / "src/cli/index.ts")
    subprocess.run(["node", cli, "run", "--config", str(folder / "llm-bench.yaml"), "--quiet", "-o", str(folder / "result.json")], check=True)
    return json.loads((folder / "result.json").read_text())


for interval in ("1s", "100ms"):
    rows, stop = [], threading.Event()
    watcher = threading.Thread(target=watch, args=(rows, stop))
    watcher.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            result = measure(Path(folder), interval)
    finally:
        stop.set()
        watcher.join()
    start = datetime.fromisoformat(result["timestamp"].replace("Z", "+00:00")).timestamp() * 1000
    end = start + result["results"]["duration_seconds"] * 1000
    counted = joules_at(rows, end) - joules_at(rows, start)
    window = [row for row in rows if start <= row[0] <= end]
    mean = lambda at: sum(row[at] for row in window) / len(window)
    said = result["series"][0]["metrics"]
    print(
        f"every {interval}: energy {said['gpu_energy_joules']['value']:.0f} J, by the GPU's counter {counted:.0f} J"
        f" ({said['gpu_energy_joules']['value'] / counted:.3f});"
        f" power {said['gpu_power_watts']['mean']:.1f} W, {mean(2):.1f}; utilisation {said['gpu_utilisation_percent']['mean']:.1f} %, {mean(3):.1f};"
        f" {said['energy_joules_per_token']['value']:.3f} J/token"
    )

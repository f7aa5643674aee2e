import { execFile } from 'node:child_process';

/** The GPUs of this machine as they enter its cohort. */
export interface Accelerator {
  /** `NVIDIA L4 23034 MiB`, `4 x NVIDIA H200 ...`; null where there is none, or none that tells. */
  gpu: string | null;
  gpu_driver: string | null;
}

/** nvidia-smi takes a second where the driver has to wake up first. */
const patienceMs = 5_000;
const maxOutputBytes = 64 * 1024;
const longest = 200;

/**
 * LLM_BENCH_GPU and LLM_BENCH_GPU_DRIVER, where the service runs on another machine than this one or its GPUs are not NVIDIA's; else what nvidia-smi
 * says. Never an error: null is "not known".
 */
export async function readAccelerator(env: NodeJS.ProcessEnv): Promise<Accelerator> {
  const named = env['LLM_BENCH_GPU']?.trim();
  if (named !== undefined && named !== '')
    return { gpu: named.slice(0, longest), gpu_driver: env['LLM_BENCH_GPU_DRIVER']?.trim().slice(0, longest) || null };
  const output = await ask(env);
  const rows = output
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim()))
    .filter((cells) => cells.length === 3 && cells[0] !== '');
  const kinds = new Map<string, number>();
  for (const [name, , memory] of rows) {
    const kind = `${name} ${memory}`.slice(0, longest);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  if (kinds.size === 0) return { gpu: null, gpu_driver: null };
  const gpu = [...kinds].map(([kind, count]) => (count === 1 ? kind : `${count} x ${kind}`)).sort();
  return { gpu: gpu.join(', ').slice(0, longest), gpu_driver: rows[0]?.[1]?.slice(0, longest) || null };
}

/** Empty where there is no nvidia-smi, no GPU, or no answer in time. */
function ask(env: NodeJS.ProcessEnv): Promise<string> {
  const query = ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'];
  return new Promise((resolve) => {
    execFile('nvidia-smi', query, { timeout: patienceMs, killSignal: 'SIGKILL', maxBuffer: maxOutputBytes, env }, (error, stdout) =>
      resolve(error === null ? stdout : ''),
    );
  });
}

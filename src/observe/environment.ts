import { createHash } from 'node:crypto';
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';

/** What decides speed beside the code, as far as the machine tells; the shape is the result document's `environment`. */
export interface MachineEnvironment {
  os: string;
  arch: string;
  cpu_model: string;
  cpu_cores: number;
  memory_gb: number;
  node: string;
  runner_image: string | null;
  [extra: string]: unknown;
}

const gib = 1024 ** 3;

/** Reads the machine and, in a workflow, the runner image that the environment names (ImageOS, ImageVersion). */
export function readEnvironment(env: NodeJS.ProcessEnv): MachineEnvironment {
  const processors = cpus();
  const image = [env['ImageOS'], env['ImageVersion']].filter(Boolean).join(' ');
  return {
    os: `${platform()} ${release()}`,
    arch: arch(),
    cpu_model: processors[0]?.model.trim() || 'unknown',
    cpu_cores: availableParallelism(),
    memory_gb: Math.round((totalmem() / gib) * 10) / 10,
    node: process.versions.node,
    runner_image: image === '' ? null : image,
  };
}

/**
 * What decides the speed, by the words of the result document; the rest of an environment (the kernel's release, the image's version, Node) changes weekly
 * on hosted runners without changing the machine. Memory is taken in powers of two, because the same machine type reports slightly different totals.
 * Null where not known.
 */
export function decidingMembers(environment: MachineEnvironment): Record<string, string | number | null> {
  const { os, arch, cpu_model, cpu_cores, memory_gb, runner_image } = environment;
  return {
    os: os.split(' ')[0] ?? '',
    arch,
    cpu_model,
    cpu_cores,
    memory_class_gb: 2 ** Math.round(Math.log2(Math.max(1, memory_gb))),
    runner_image: runner_image?.split(' ')[0] ?? null,
    ...Object.fromEntries(optionalMembers.map((name) => [name, known(environment[name])])),
  };
}

/** Members that not every machine or service has: `gpu` and `gpu_driver` by readAccelerator, `engine` (name and version of the service) and `model`. */
const optionalMembers = ['gpu', 'gpu_driver', 'engine', 'model'] as const;

const known = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/**
 * A short name for machines that may be compared by statistics: equal in all that decides the speed (`decidingMembers`), running the same scenario.
 * What is not known is left out, so that a machine without a GPU keeps its cohort.
 */
export function cohortOf(environment: MachineEnvironment, scenarioSha256: string): string {
  const { os, arch, cpu_model, cpu_cores, memory_class_gb, runner_image, ...optional } = decidingMembers(environment);
  const stated = Object.entries(optional).filter(([, value]) => value !== null);
  const deciding = [
    os,
    arch,
    cpu_model,
    cpu_cores,
    memory_class_gb,
    runner_image,
    scenarioSha256,
    ...(stated.length > 0 ? [Object.fromEntries(stated)] : []),
  ];
  return createHash('sha256').update(JSON.stringify(deciding)).digest('hex').slice(0, 12);
}

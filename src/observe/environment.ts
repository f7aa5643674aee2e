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
 * A short name for machines that may be compared by statistics: equal CPU model, cores, memory class, platform and runner image, running the same scenario.
 * Memory is taken in powers of two, because the same machine type reports slightly different totals.
 */
export function cohortOf(environment: MachineEnvironment, scenarioSha256: string): string {
  const memoryClass = 2 ** Math.round(Math.log2(Math.max(1, environment.memory_gb)));
  // The kernel's release and the image's version change weekly on hosted runners without changing the machine; the image's name does not.
  const imageName = environment.runner_image?.split(' ')[0] ?? null;
  const deciding = [
    environment.os.split(' ')[0],
    environment.arch,
    environment.cpu_model,
    environment.cpu_cores,
    memoryClass,
    imageName,
    scenarioSha256,
  ];
  return createHash('sha256').update(JSON.stringify(deciding)).digest('hex').slice(0, 12);
}

import { UserError } from '../config/errors.ts';
import { removeContainer } from './docker.ts';
import type { RunningService } from './service.ts';
import { findTree, terminateTree } from './tree.ts';

/** What another process needs to stop a service: plain JSON, to be kept between the steps of a job. */
export interface ServiceState {
  /** Process group of the command; null before it is started, and for a container. */
  pgid: number | null;
  /** Beginning of the value of LLM_BENCH_SERVICE_ID in every process of the service, its setup included; also in the container's name. */
  marker: string;
  /** File that holds the container's id once it is created; null for a command. */
  cidfile: string | null;
}

/** From SIGTERM to SIGKILL, where the target says nothing; also the most that it may say. */
export const defaultGraceSeconds = 5;

const states = new WeakMap<RunningService, ServiceState>();

/** Ties a service to what it takes to stop it from elsewhere. */
export function keepState(service: RunningService, state: ServiceState): void {
  states.set(service, state);
}

/** What `stopFromState` needs; null for a service that was found running with nothing of ours beside it. */
export function serviceState(service: RunningService): ServiceState | null {
  return states.get(service) ?? null;
}

/**
 * Stops what a state describes, also when the process that started it was killed. Does nothing when it is gone already.
 * The process group is used only while a process in it carries the marker: its number may long belong to others.
 */
export async function stopFromState(state: ServiceState, options: { env?: NodeJS.ProcessEnv; graceSeconds?: number } = {}): Promise<void> {
  // An empty or foreign marker would match processes that are not ours.
  if (typeof state?.marker !== 'string' || !/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(state.marker)) {
    throw new UserError('The kept state of the service has no valid marker; nothing was stopped.');
  }
  const graceSeconds = Math.min(options.graceSeconds ?? defaultGraceSeconds, defaultGraceSeconds);
  const marked = await findTree({ pgid: null, marker: state.marker });
  const pgid = marked.some((row) => row.group === state.pgid) || process.platform !== 'linux' ? state.pgid : null;
  await terminateTree({ pgid, marker: state.marker }, graceSeconds * 1000);
  if (state.cidfile !== null)
    await removeContainer({ marker: state.marker, cidfile: state.cidfile }, { env: options.env ?? process.env, graceSeconds });
}

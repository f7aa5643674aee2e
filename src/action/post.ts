import type { ServiceState } from '../service/state.ts';
import { stopFromState } from '../service/state.ts';
import { stateName } from './state-name.ts';

/** The action's post step: stops a service that the main step could not stop itself, because it was killed. */
export async function start(): Promise<void> {
  const core = await import('@actions/core');
  const text = core.getState(stateName);
  if (text === '') return;
  try {
    await stopFromState(JSON.parse(text) as ServiceState);
  } catch (error) {
    core.warning(`the service under test could not be stopped: ${error instanceof Error ? error.message : String(error)}`);
  }
}

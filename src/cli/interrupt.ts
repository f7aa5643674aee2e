import { ExitCode } from '../config/errors.ts';
import type { ServiceState } from '../service/state.ts';

/** How long the service may take to go when the exit is forced; SIGKILL comes at once. */
const forcedStopMs = 2000;

/** Ctrl-C and SIGTERM while a job runs: the first asks it to end and keep what it has, the second ends the process. */
export interface Interrupt {
  signal: AbortSignal;
  /** Remembers how to stop the service that the job started: a forced exit takes it along. */
  onState(state: ServiceState): void;
  /** The job is over: signals do again what they always do. */
  close(): void;
}

/** Takes over SIGINT and SIGTERM until it is closed. @param err where the user is told that it was heard */
export function listenForInterrupt(err: (text: string) => void): Interrupt {
  const abort = new AbortController();
  const states = new Map<string, ServiceState>();
  let forced = false;
  const onSignal = (): void => {
    if (!abort.signal.aborted) {
      err('Stopping; what was measured is kept. Once more ends at once.');
      abort.abort('interrupted');
    } else if (forced) process.exit(ExitCode.interrupted);
    else {
      forced = true;
      void forceExit([...states.values()]);
    }
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: abort.signal,
    onState: (state) => void states.set(state.marker, state),
    close() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

async function forceExit(states: readonly ServiceState[]): Promise<void> {
  setTimeout(() => process.exit(ExitCode.interrupted), forcedStopMs);
  if (states.length > 0) {
    const { stopFromState } = await import('../service/state.ts');
    await Promise.allSettled(states.map((state) => stopFromState(state, { graceSeconds: 0 })));
  }
  process.exit(ExitCode.interrupted);
}

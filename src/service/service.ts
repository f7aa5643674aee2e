/** A service under test, started by us or found running. */
export interface RunningService {
  /** Where to send requests: `base_url` with ${PORT} filled in, or http://127.0.0.1:PORT. No trailing slash. */
  baseUrl: string;
  /** Null for a service we did not start, or a container. */
  pid: number | null;
  /** Spawn to ready; null where we did not start it. */
  startSeconds: number | null;
  /** Settles (never rejects) when the service ends without being asked to; never settles for one we did not start. */
  crashed: Promise<ServiceCrash>;
  /** The last lines of its output (or of `logs_command`), oldest first, at most `count`. */
  lastLogLines(count: number): Promise<string[]>;
  /** SIGTERM to the whole tree, SIGKILL after the grace time. Idempotent; resolves when nothing of it is left. */
  stop(): Promise<void>;
}

export interface ServiceCrash {
  exitCode: number | null;
  signal: string | null;
}

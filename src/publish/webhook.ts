import { UserError } from '../config/errors.ts';

const patienceMs = 5_000;
/** Posts that may wait; more alerts than this at once are no news. */
const mostWaiting = 20;

/** Posts JSON to one address, one after the other, without holding anybody up. The address may hold a secret and is never told. */
export class Webhook {
  private readonly url: URL;
  private readonly name: string;
  private readonly onFailure: (sentence: string) => void;
  private waiting = 0;
  private last: Promise<void> = Promise.resolve();
  private failed = false;

  /**
   * @param name of the environment variable that holds the address
   * @throws UserError (2) where it is not set, or is no address
   */
  static of(name: string, env: NodeJS.ProcessEnv, onFailure: (sentence: string) => void): Webhook {
    const value = env[name] ?? '';
    const url = URL.parse(value);
    if (url === null || !/^https?:$/.test(url.protocol)) {
      throw new UserError(`alerts.webhook_env names ${name}, ${value === '' ? 'which is not set' : 'which holds no http or https address'}`, {
        hint: `Set ${name} to the address that alerts are posted to, or take webhook_env out.`,
      });
    }
    return new Webhook(url, name, onFailure);
  }

  private constructor(url: URL, name: string, onFailure: (sentence: string) => void) {
    this.url = url;
    this.name = name;
    this.onFailure = onFailure;
  }

  post(body: unknown): void {
    if (this.waiting >= mostWaiting) return;
    this.waiting++;
    this.last = this.last.then(async () => {
      const failure = await this.send(body);
      this.waiting--;
      // A failure is told once, until it works again.
      if (failure !== null && !this.failed) this.onFailure(`an alert could not be posted to the address in ${this.name}: ${failure}`);
      this.failed = failure !== null;
    });
  }

  /** What was to be posted is, or could not be. */
  async close(): Promise<void> {
    await this.last;
  }

  private async send(body: unknown): Promise<string | null> {
    try {
      const response = await fetch(this.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'llm-bench' },
        body: JSON.stringify(body),
        redirect: 'manual',
        signal: AbortSignal.timeout(patienceMs),
      });
      await response.body?.cancel();
      return response.ok ? null : `it answered ${response.status}`;
    } catch (error) {
      return (error as Error).name === 'TimeoutError' ? `no answer within ${patienceMs / 1000} s` : 'no connection';
    }
  }
}

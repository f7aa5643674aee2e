import { fileURLToPath } from 'node:url';
import type { EntryContext } from '../../config/entry-context.ts';
import type { Scenario } from '../../config/scenario/scenario.ts';
import type { ValidityCheck } from '../../result/document.ts';
import { startPressure } from '../../service/pressure.ts';

/** However long the scenario: the work ends by then, should nobody be left to end it. */
const longestSeconds = 6 * 3600;

/** Runs `during` while the scenario's pressure is on, and says how that went; null where it has none. */
export async function underPressure<T>(
  { pressure }: Scenario,
  { entry, env, onLine }: { entry: EntryContext; env: NodeJS.ProcessEnv; onLine(line: string): void },
  during: () => Promise<T>,
): Promise<{ outcome: T; check: ValidityCheck | null }> {
  if (pressure === undefined) return { outcome: await during(), check: null };
  const running = await startPressure(pressure, { seconds: longestSeconds, env, cliPath: fileURLToPath(entry.cliPath) });
  const what = Object.entries(pressure).map(([name, amount]) => `${name} ${amount}`);
  onLine(`under pressure by ${running.by}: ${what.join(', ')}`);
  try {
    const outcome = await during();
    const held = running.alive();
    const detail = held
      ? `${what.join(', ')} were taken beside the service by ${running.by}`
      : `the work beside the service (${what.join(', ')} by ${running.by}) ended early: a part was measured without it`;
    return { outcome, check: { name: 'pressure', ok: held, severity: 'advice', detail } };
  } finally {
    await running.stop();
  }
}

import { terminalText } from '../../report/escape.ts';
import { type Paint, painter } from '../../report/terminal.ts';
import type { ProbeReport } from './server.ts';

const names = {
  health: 'Health',
  models: 'Models',
  completion: 'Completion',
  answer: 'Answer',
  streaming: 'Streaming',
  usage: 'Usage',
  server: 'Server',
} as const;

/** Ticks and crosses, a line each, and in the last one what they come to. */
export function renderProbe({ url, findings, usable }: ProbeReport, color: boolean): string {
  const paint = painter(color);
  const lines = findings.map(({ name, ok, detail }) => `${mark(ok, paint)} ${`${names[name]}:`.padEnd(12)}${terminalText(detail, 400)}`);
  const end = usable ? 'It can be measured.' : 'It cannot be measured: a completion is what every scenario is made of.';
  return `${[paint('bold', `Probe of ${terminalText(url)}`), ...lines, '', end].join('\n')}\n`;
}

function mark(ok: boolean | null, paint: Paint): string {
  return ok === null ? '-' : ok ? paint('green', '✓') : paint('red', '✗');
}

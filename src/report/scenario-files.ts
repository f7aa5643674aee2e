import type { ConversationBlock } from '../result/conversations.ts';
import type { ResultDocument } from '../result/document.ts';
import type { StructuredRow } from '../result/findings/structured-comparison.ts';
import { csvField } from './csv.ts';

const heading = 'Model,Test Case,Endpoint,Latency (s),Input Tokens,Output Tokens,Total Requests,Average Duration (s)';
const digits = (value: number | null, places: number): string => (value === null ? '' : value.toFixed(places));
const or = (value: number | null, unit: string, places = 1): string => (value === null ? 'not measured' : `${value.toFixed(places)}${unit}`);

/** results.csv of a comparison of structured and unstructured answers; latency is the median. */
export function structuredCsv(rows: readonly StructuredRow[]): string {
  const lines = rows.map((row) =>
    [
      row.model ?? '',
      row.title,
      row.endpoint,
      digits(row.median_latency_s, 3),
      digits(row.input_tokens, 0),
      digits(row.output_tokens, 0),
      digits(row.requests, 0),
      digits(row.mean_latency_s, 3),
    ].map(csvField),
  );
  return `${[heading, ...lines.map((line) => line.join(','))].join('\n')}\n`;
}

/** How many schemas were registered and what it took, in one line. */
export function registrationLog(rows: readonly StructuredRow[]): string {
  const registered = rows.flatMap(({ registration_ms: one, ...row }) => (one === null ? [] : [{ ...one, of: `${row.case} ${one.count}` }]));
  const count = registered.reduce((sum, one) => sum + one.count, 0);
  if (count === 0) return 'no schema was registered\n';
  const known = registered.every(({ mean }) => mean !== null);
  const mean = known ? registered.reduce((sum, one) => sum + one.count * (one.mean ?? 0), 0) / count : null;
  const most = registered.reduce<number | null>((top, { max }) => (max !== null && (top === null || max > top) ? max : top), null);
  return `${count} registrations of schemas: mean ${or(mean, ' ms', 3)}, max ${or(most, ' ms', 3)} (${registered.map((one) => one.of).join(', ')})\n`;
}

/** The conversations of a result as people read them: each with its turns, total durations, errors by kind, and what the machine and service used. */
export function conversationText(document: ResultDocument, block: ConversationBlock): string {
  const lines = [`Conversations with ${document.model ?? 'the model'} at ${document.base_url}, ${document.timestamp}`, ''];
  for (const { type, iteration, completed, duration_s, turns } of block.conversations) {
    lines.push(`${type} #${iteration}: ${completed ? 'complete' : 'ended early'}, ${or(duration_s, ' s', 3)}`);
    for (const turn of turns)
      lines.push(
        `  turn ${turn.turn}: ${turn.error ?? 'ok'}, latency ${or(turn.latency_s, ' s', 3)}, TTFT ${or(turn.ttft_ms, ' ms')}, tokens in ${turn.input_tokens ?? '?'} out ${turn.output_tokens ?? '?'}, context ${turn.context_tokens ?? '?'}, service memory ${or(turn.memory_mb, ' MB')}`,
      );
  }
  lines.push('', 'Total durations');
  for (const one of block.types)
    lines.push(
      `  ${one.type}: ${one.conversations} held, mean ${or(one.mean_duration_s, ' s', 3)}, max ${or(one.max_duration_s, ' s', 3)}, answers alike ${or(one.answer_consistency, '', 2)}`,
    );
  const { refused, cut, largest_context_tokens } = block.context_limit;
  lines.push(
    '',
    `Context: largest answered ${largest_context_tokens ?? '?'} tokens, ${refused} conversations refused for length, ${cut} answers cut`,
  );
  lines.push('', 'Errors', ...(document.errors.length === 0 ? ['  none'] : document.errors.map(({ kind, count }) => `  ${kind}: ${count}`)));
  const observed = Object.entries(
    (document['observed'] as { metrics?: Record<string, { unit: string; mean?: number | null; max?: number | null }> } | undefined)?.metrics ?? {},
  );
  lines.push('', 'System');
  if (observed.length === 0) lines.push('  not measured');
  for (const [name, { unit, mean = null, max = null }] of observed)
    lines.push(`  ${name}: mean ${or(mean, ` ${unit}`, 2)}, max ${or(max, ` ${unit}`, 2)}`);
  return `${lines.join('\n')}\n`;
}

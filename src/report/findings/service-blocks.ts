import { isObject } from '../../config/is-object.ts';
import type { Level } from '../../load/levels.ts';
import { isCutOff } from '../../load/search-rules.ts';
import type { Escaping } from '../escape.ts';
import type { FindingBlock } from './block.ts';
import { type Block, type FoundIn, figure, listOf } from './read.ts';
import { count, inner, joinKnown, percent, tableBlock, times, value } from './rows.ts';

type Titled = (title: string) => string;

/** Plain HTTP, batches, requests at the edges and readiness for production. */
export function serviceBlocks({ results, levels }: FoundIn, title: Titled, escaping: Escaping): FindingBlock[] {
  return [
    ...readiness(results['production_readiness'], title),
    ...capacity(results, levels, title),
    ...batches(results['batch_sizes'], title),
    ...http(results['http'], title),
    ...edges(results['edge_cases'], title, escaping),
  ];
}

const answer = (met: unknown): string => (met === true ? 'yes' : met === false ? 'no' : 'not measured');

function readiness(found: unknown, title: Titled): FindingBlock[] {
  if (!isObject(found)) return [];
  const lines = [
    `Ready for production: ${answer(found['ready'])}`,
    `TTFT p95: ${value(found['ttft_ms_p95'], 'ms')}, below 2 s asked`,
    `Success rate: ${percent(found['success_rate'])}, above 99 % asked`,
    `Stable under load: ${answer(found['stable_under_load'])}; p95 at the highest load is ${times(found['p95_ratio_under_load'])} that at the lowest, at most ${times(found['stable_ratio_limit'])} asked`,
  ];
  return [{ title: title('Readiness for production'), lines, table: null }];
}

/** What the steps say of the service's capacity; those of a search have a block of their own. */
function capacity(results: Block, levels: readonly Level[], title: Titled): FindingBlock[] {
  const found = results['capacity'];
  if (!isObject(found) || isObject(results['search'])) return [];
  const unitOf = (load: unknown) => (found['unit'] === 'rate' ? 'requests/s' : load === 1 ? 'user' : 'users');
  const [load, plateau, breaking] = [figure(found['load']), results['plateau'], results['breaking_point']];
  const each =
    figure(found['replicas']) === 1
      ? ''
      : `, ${value(found['per_replica'], '')} ${unitOf(found['per_replica'])} for each of ${count(found['replicas'])} replicas`;
  const loads = levels.filter((level) => !isCutOff(level)).map((level) => level.load);
  const flat = isObject(plateau) ? figure(plateau['load']) : null;
  const plateauLine =
    flat === null
      ? ''
      : flat === Math.max(...loads)
        ? 'Throughput still grew at the highest load'
        : `Throughput stops to grow at ${count(flat)} ${unitOf(flat)}`;
  const stable = listOf(results['stable_concurrency_levels']).flatMap((level) => figure(level) ?? []);
  const lines = [
    load === null
      ? `Highest load within the limits: ${isObject(breaking) ? 'none' : 'not known; no load was measured to its end'}`
      : `Highest load within the limits: ${count(load)} ${unitOf(load)}${each}${joinKnown([` (${value(found['requests_per_sec'], 'requests/s')})`])}`,
    stable.length === 0 ? '' : `Stable levels: ${stable.map(count).join(', ')}`,
    isObject(breaking) && figure(breaking['load']) !== null ? `First load beyond them: ${count(breaking['load'])} ${unitOf(breaking['load'])}` : '',
    plateauLine,
  ];
  return [{ title: title('Capacity'), lines: lines.filter((line) => line !== ''), table: null }];
}

function batches(found: unknown, title: Titled): FindingBlock[] {
  const table = tableBlock(listOf(found).filter(isObject), [
    { name: 'At once', cell: (row) => count(row['size']) },
    { name: 'Tokens/s', cell: (row) => value(row['tokens_per_sec'], '') },
    { name: 'Requests/s', cell: (row) => value(row['requests_per_sec'], '') },
    { name: 'Efficiency', cell: (row) => (figure(row['efficiency']) === null ? '—' : percent(100 * (figure(row['efficiency']) as number))) },
  ]);
  return table === null
    ? []
    : [{ title: title('Batch efficiency'), lines: ['100 % is size times the throughput of the smallest: batching without loss'], table }];
}

function http(found: unknown, title: Titled): FindingBlock[] {
  if (!isObject(found)) return [];
  const cache = inner(found, 'cache');
  const pair = (name: string, unit: string) => (figure(found[name]) === null ? '—' : value(found[name], unit));
  const lines = [
    joinKnown([`Availability: ${percent(found['availability_percent'])}`]),
    joinKnown([`Connecting: p50 ${pair('connect_ms_p50', 'ms')}`, `at most ${pair('connect_ms_max', 'ms')}`]),
    joinKnown([`Size of an answer: mean ${pair('response_bytes_mean', 'bytes')}`, `at most ${pair('response_bytes_max', 'bytes')}`]),
    joinKnown([`Reading its JSON: p50 ${pair('parse_ms_p50', 'ms')}`, `at most ${pair('parse_ms_max', 'ms')}`]),
    joinKnown([
      `First request: ${value(cache['first_latency_s'], 's')}`,
      `the median of all ${value(cache['repeat_latency_s_p50'], 's')}`,
      `first over median ${times(cache['first_to_repeat'])} (a cache makes it large)`,
    ]),
  ];
  return [{ title: title('HTTP'), lines: lines.filter((line) => line !== ''), table: null }];
}

function edges(found: unknown, title: Titled, escaping: Escaping): FindingBlock[] {
  if (!isObject(found)) return [];
  const cases = Object.entries(found).filter((entry): entry is [string, Block] => isObject(entry[1]));
  const table = tableBlock(cases, [
    { name: 'Case', left: true, cell: ([name]) => escaping.text(name.replaceAll('_', ' ')) },
    { name: 'Outcome', left: true, cell: ([, row]) => escaping.text(String(row['outcome'] ?? '—')) },
    { name: 'Success', cell: ([, row]) => percent(row['success_rate']) },
    { name: 'Failed by the service', cell: ([, row]) => count(row['server_errors']) },
    { name: 'Latency p50', cell: ([, row]) => value(row['latency_s_p50'], 's') },
    { name: 'Errors', left: true, cell: ([, row]) => escaping.text(listOf(row['errors']).map(String).join(', ')) || '—' },
  ]);
  return table === null ? [] : [{ title: title('Requests at the edges'), lines: [], table }];
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alertsOf } from '../../src/report/alerts.ts';
import type { ResultDocument } from '../../src/result/document.ts';
import { sampleResult } from './sample.ts';

test('a sensor that this machine lacks is a remark on validity and no alert; what went wrong is one, the worse first', () => {
  const document: ResultDocument = {
    ...sampleResult(),
    errors: [{ kind: 'refused', count: 2, first_seen: 1, example: '' }],
    validity: {
      valid: false,
      checks: [
        { name: 'watched', ok: false, severity: 'advice', detail: 'not watched: nvidia-smi (there is no nvidia-smi here)' },
        { name: 'quiet_machine', ok: false, severity: 'advice', detail: 'the machine was not quiet' },
        { name: 'client_cpu', ok: false, severity: 'fatal', detail: 'the client was busy' },
        { name: 'late_sends', ok: true, severity: 'fatal', detail: '' },
      ],
    },
  };
  assert.deepEqual(
    alertsOf(document, null).map(({ about, severity }) => [about, severity]),
    [
      ['client_cpu', 'bad'],
      ['quiet_machine', 'warn'],
      ['refused', 'warn'],
    ],
  );
});

test('a load that lasted as long as it was told to was not stopped early, one that a rule or somebody ended was', () => {
  const stopped = (stop_reason: string, partial = false) =>
    alertsOf({ ...sampleResult(), errors: [], stop_reason, partial }, null).some(({ about }) => about === 'stopped early');
  assert.deepEqual(
    [stopped('completed'), stopped('duration'), stopped('p95_latency'), stopped('ended'), stopped('interrupted', true)],
    [false, false, true, true, true],
  );
});

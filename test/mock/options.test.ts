import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, ExitCode } from '../../src/config/errors.ts';
import { type MockOptions, mockFieldNames, mockFields, resolveMockOptions } from '../../src/mock/options.ts';
import { planAnswer } from '../../src/mock/plan.ts';
import { parseGenerationRequest } from '../../src/mock/request.ts';

test('the defaults pass their own checks, and undefined means the default', () => {
  const defaults = resolveMockOptions({});
  for (const name of mockFieldNames) assert.deepEqual(defaults[name], mockFields[name].default);
  assert.deepEqual(resolveMockOptions({ port: undefined, seed: 5 }), { ...defaults, seed: 5 });
});

test('with the defaults a short prompt at concurrency 1 is simulated in well under 20 ms', () => {
  const options = resolveMockOptions({});
  const request = parseGenerationRequest(
    'chat',
    JSON.stringify({ messages: [{ role: 'user', content: 'Explain what a hash table is in two sentences.' }], max_tokens: 100 }),
  );
  const { promptTokens, outputTokens } = planAnswer(request, options, 1);
  const stepMs = options.decodeStepMs + options.decodeStepMsPerSequence;
  const latencyMs = (1000 * promptTokens) / options.prefillTokensPerSecond + stepMs * outputTokens;
  assert.ok(latencyMs < 15, `${latencyMs} ms for ${promptTokens} and ${outputTokens} tokens`);
});

test('every kind of wrong value is named with what was expected', () => {
  const wrong: { [Name in keyof MockOptions]?: unknown } = {
    host: '',
    port: 70_000,
    models: [],
    strictModel: 'yes',
    apiKey: '',
    decodeStepMs: Number.NaN,
    jitterPercent: 100,
    naturalTokens: 1.5,
    roleChunk: 'late',
    faults: { boom: 0.1 },
  };
  assert.throws(
    () => resolveMockOptions({ ...wrong, typo: 1 } as typeof wrong, (name) => `--${name}`),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.exitCode, ExitCode.usage);
      assert.deepEqual(error.issues.map(({ file }) => file).sort(), [...Object.keys(wrong), 'typo'].map((name) => `--${name}`).sort());
      assert.match(error.message, /--roleChunk: expected one of empty, early, null, merged, none, found "late"/);
      return true;
    },
  );
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { differences } from '../../src/result/differences.ts';
import { documentOf } from './sample.ts';

const base = {
  results: { concurrency: 8 },
  target: 'gpu',
  model: 'm',
  base_url: 'http://10.0.0.1:8000',
  cohort: 'abc',
  environment: { cpu_model: 'Epyc', cpu_cores: 8, memory_gb: 32 },
  config: { resolved: { scenario: { max_tokens: 64, list: [1, 2] }, target: { env: { KEY: 'k1' } } }, sha256: 'aa' },
};

describe('differences', () => {
  it('finds none between equal documents, or where one side does not say', () => {
    assert.deepEqual(differences(documentOf(base), documentOf(base)), []);
    assert.deepEqual(differences(documentOf({ results: {} }), documentOf(base)), []);
  });

  it('names every member that differs, with both values', () => {
    const other = {
      ...base,
      scenario: 'load',
      target: 'tpu',
      model: 'n',
      base_url: 'http://10.0.0.2:8000',
      results: { concurrency: 16 },
      cohort: 'def',
      environment: { cpu_model: 'Xeon', cpu_cores: 8, memory_gb: 64 },
      config: { resolved: { scenario: { max_tokens: 128, list: [1, 3], warmup: 5 }, target: { env: { KEY: 'k2' } } }, sha256: 'bb' },
      tag: 'v2',
    };
    assert.deepEqual(differences(documentOf(base), documentOf(other)), [
      'scenario: chat -> load',
      'target: gpu -> tpu',
      'model: m -> n',
      'base_url: http://10.0.0.1:8000 -> http://10.0.0.2:8000',
      'concurrency: 8 -> 16',
      'cohort: abc -> def',
      'environment.cpu_model: Epyc -> Xeon',
      'environment.memory_gb: 32 -> 64',
      'config scenario.max_tokens: 64 -> 128',
      'config scenario.list[1]: 2 -> 3',
      'config scenario.warmup: (not set) -> 5',
      'config target.env.KEY: differs',
      'tag: (not set) -> v2',
    ]);
  });

  it('does not count a free port of this machine', () => {
    const at = (base_url: string) => documentOf({ ...base, base_url });
    assert.deepEqual(differences(at('http://127.0.0.1:40001'), at('http://127.0.0.1:50002')), []);
    assert.equal(differences(at('http://127.0.0.1:8000'), at('http://127.0.0.1:8001')).length, 1);
  });

  it('stays short and standing before a hostile configuration', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 3000; level++) deep = { deep };
    const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, index]));
    const found = differences(documentOf({ ...base, config: { resolved: {} } }), documentOf({ ...base, config: { resolved: { deep, ...wide } } }));
    assert.equal(found.length, 101);
    assert.equal(found.at(-1), 'config: and 4901 more differences');
  });
});

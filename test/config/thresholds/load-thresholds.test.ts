import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../../../src/config/errors.ts';
import { limitsFor } from '../../../src/config/thresholds/limits-for.ts';
import { type LoadThresholdsOptions, loadThresholds } from '../../../src/config/thresholds/load-thresholds.ts';

describe('loadThresholds', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'llm-bench-thresholds-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const builtinRoot = fileURLToPath(new URL('../../..', import.meta.url));
  const load = (members: Partial<LoadThresholdsOptions> = {}) =>
    loadThresholds({ cwd: folder, builtinRoot, configFile: null, path: null, origin: 'flag --thresholds', scenarios: [], ...members });

  it('gives the shipped rules where nothing else is said', async () => {
    const { thresholds, failOn, warnings } = await load();
    assert.deepEqual(limitsFor(thresholds, 'any', 'latency_s.p95'), { max_regression_percent: 20, warn_regression_percent: 10 });
    assert.equal(failOn, null);
    assert.deepEqual(warnings, []);
  });

  it('reads the configuration file, and the file that is named wins over it', async () => {
    await writeFile(join(folder, 'llm-bench.yaml'), 'thresholds:\n  max_error_rate: 7\nfail_on: never\n');
    const written = await load();
    assert.deepEqual(limitsFor(written.thresholds, 'any', 'error_rate'), { max: 7 });
    assert.equal(written.failOn, 'never');
    await writeFile(join(folder, 'mine.yaml'), 'max_error_rate: 9\n');
    assert.deepEqual(limitsFor((await load({ path: 'mine.yaml' })).thresholds, 'any', 'error_rate'), { max: 9 });
  });

  it('adds the limits of the scenarios that were measured, where they have a file', async () => {
    await mkdir(join(folder, 'config', 'scenarios'), { recursive: true });
    await writeFile(join(folder, 'config', 'scenarios', 'mine.yaml'), 'thresholds:\n  max_p95_latency_ms: 250\n');
    const { thresholds } = await load({ scenarios: ['mine', 'elsewhere', '../../etc/passwd'] });
    assert.equal(limitsFor(thresholds, 'mine', 'latency_s.p95')?.max, 0.25);
    assert.equal(limitsFor(thresholds, 'elsewhere', 'latency_s.p95')?.max, undefined);
  });

  it('names what is wrong with its place', async () => {
    await writeFile(join(folder, 'wrong.yaml'), 'series:\n  "*":\n    error_rate: { maximum: 1 }\n');
    await assert.rejects(
      load({ path: 'wrong.yaml' }),
      (error: unknown) => error instanceof ConfigError && /^wrong\.yaml:3:\d+: /.test(error.message),
    );
    await assert.rejects(
      load({ path: 'absent.yaml' }),
      (error: unknown) => error instanceof ConfigError && /--thresholds.*absent\.yaml/.test(error.message),
    );
  });
});

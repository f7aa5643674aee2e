import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../src/config/errors.ts';
import { addressCredentials } from '../../src/service/api-key.ts';
import { expandVariables, lookupIn, mentionsPort, scrubEnvironment } from '../../src/service/environment.ts';
import { resolveBaseUrl } from '../../src/service/port.ts';
import { looksSecret, maskerOf, secretValues } from '../../src/service/secrets.ts';
import { resolveApiKey, targetHeaders } from '../../src/service/start.ts';
import { scratch, target } from './support.ts';

test('the runner’s secrets and command files go, unless named; the rest stays', () => {
  const gone = {
    ...{ ACTIONS_RUNTIME_TOKEN: '1', ACTIONS_RESULTS_URL: '1', ACTIONS_RUNTIME_URL: '1', ACTIONS_CACHE_URL: '1', ACTIONS_ID_TOKEN_REQUEST_URL: '1' },
    ...{ ACTIONS_ID_TOKEN_REQUEST_TOKEN: '1', GITHUB_TOKEN: '1', GH_TOKEN: '1', INPUT_ANY: '1', 'INPUT_BASE-URL': '1', GITHUB_ENV: '1' },
    ...{ GITHUB_OUTPUT: '1', GITHUB_PATH: '1', GITHUB_STATE: '1', GITHUB_STEP_SUMMARY: '1' },
  };
  const kept = { RUNNER_TRACKING_ID: '1', GITHUB_SHA: '1', GITHUB_WORKSPACE: '1', PATH: '1', ACTIONS_STEP_DEBUG: '1', MY_INPUT_SIZE: '1', EMPTY: '' };
  assert.deepEqual(scrubEnvironment({ ...gone, ...kept, UNSET: undefined }), kept);
  assert.deepEqual(scrubEnvironment({ ...gone, ...kept }, Object.keys(gone)), { ...gone, ...kept });
});

test('variables are filled in, defaults used, escapes kept', () => {
  const lookup = lookupIn({ A: 'a', EMPTY: '' }, { A: 'file', B: 'b' });
  const expand = (text: string): string => expandVariables(text, lookup, 'here');
  assert.equal(expand('${A}-${B}-${EMPTY}-$A-{A}'), 'a-b--$A-{A}');
  assert.equal(expand('${NONE:-x y}/${EMPTY:-z}/${A:-q}/${NONE:-}'), 'x y/z/a/');
  assert.equal(expand('$${A} $${NONE}'), '${A} ${NONE}');
  assert.throws(
    () => expand('${NONE}'),
    (error: unknown) => error instanceof UserError && error.exitCode === 2 && /here uses \$\{NONE\}/.test(error.message),
  );
  assert.throws(() => expand('${constructor}'), UserError);
});

test('text without references is left alone', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      fc.pre(!/\$\{[A-Za-z_]/.test(text));
      assert.equal(
        expandVariables(text, () => 'never', 'here'),
        text,
      );
    }),
  );
});

test('any value survives being filled in', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (value, around) => {
      fc.pre(!/\$\{?$|\$\{[A-Za-z_]/.test(around) && !around.includes('$'));
      assert.equal(
        expandVariables(`${around}\${V}${around}`, () => value, 'here'),
        `${around}${value}${around}`,
      );
    }),
  );
});

test('a mention of PORT is seen', () => {
  assert.deepEqual(['${PORT}', 'a${PORT:-1}b', '$${PORT}', '$PORT', '${PORTAL}'].map(mentionsPort), [true, true, false, false, false]);
});

test('the API key comes from the environment, else from env_file', (t) => {
  const root = scratch(t);
  writeFileSync(path.join(root, '.env'), 'export KEY="from file" # comment\nOTHER=1\n');
  const withFile = target({ base_url: 'http://127.0.0.1:1', api_key_env: 'KEY', env_file: '.env' });
  assert.deepEqual(resolveApiKey(withFile, { env: { KEY: 'from env' }, root }), { name: 'KEY', value: 'from env' });
  assert.deepEqual(resolveApiKey(withFile, { env: { KEY: ' pasted\r\n' }, root }), { name: 'KEY', value: 'pasted' });
  assert.deepEqual(resolveApiKey(withFile, { env: { KEY: '\n' }, root }), { name: 'KEY', value: 'from file' });
  assert.deepEqual(resolveApiKey(withFile, { env: { KEY: '' }, root }), { name: 'KEY', value: 'from file' });
  assert.equal(resolveApiKey(target({ base_url: 'http://127.0.0.1:1' }), { env: {}, root }), null);
  assert.throws(
    () => resolveApiKey({ ...withFile, api_key_env: 'NONE' }, { env: {}, root }),
    /NONE, but it is not set in the environment or in \.env/,
  );
  assert.deepEqual(targetHeaders(withFile, { env: {}, root }), { Authorization: 'Bearer from file' });
  const custom = { ...withFile, api_key_header: 'X-API-Key', headers: { 'x-api-key': 'old', 'X-Org': 'org ${OTHER}' } };
  assert.deepEqual(targetHeaders(custom, { env: {}, root }), { 'X-API-Key': 'from file', 'X-Org': 'org 1' });
});

test('names tell secrets', () => {
  const secrets = ['API_KEY', 'OPENAI_API_KEY', 'DB_PASSWORD', 'GITHUB_TOKEN', 'client-secret', 'Authorization', 'X-API-Key'];
  const open = ['MAX_TOKENS', 'TOKENIZER', 'MONKEY', 'MODEL', 'PORT', 'KEYBOARD', 'SSH_AUTH_SOCK'];
  assert.deepEqual(
    secrets.filter((name) => !looksSecret(name)),
    [],
  );
  assert.deepEqual(open.filter(looksSecret), []);
  assert.deepEqual(secretValues({ Authorization: 'Bearer sk-1234', EOS_TOKEN: '50256', USE_KEY: 'true', MODEL: 'abcdef' }), ['sk-1234']);
});

test('masking leaves no secret and nothing else out', () => {
  const mask = maskerOf(['secret', 'secret-and-more', 'ab', 'line one\nline two']);
  assert.equal(mask('secret-and-more, secret, ab; line two'), '***, ***, ab; ***');
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 4 })), fc.string(), (secrets, text) => {
      const parts = secrets.map((secret) => secret.trim()).filter((secret) => secret.length >= 4 && !secret.includes('*'));
      const masked = maskerOf(parts)(`${text}${parts.join(text)}`);
      for (const part of parts) assert.equal(masked.includes(part), false);
    }),
  );
});

test('credentials in base_url go as Basic authorization and leave the address; a key or a header of that name wins', () => {
  const root = process.cwd();
  const inputs = { env: { WHO: 'ann', KEY: 'sk-1' }, root };
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  const of = (config: Record<string, unknown>) => targetHeaders(target({ base_url: 'http://${WHO}:p%40ss@host:1/v1', ...config }), inputs);
  assert.deepEqual(of({}), { Authorization: basic('ann:p@ss') });
  assert.deepEqual(of({ base_url: 'http://ann@host:${PORT}' }), { Authorization: basic('ann:') });
  assert.deepEqual(of({ base_url: 'http://host:${PORT}/a@b' }), {});
  assert.deepEqual(of({ api_key_env: 'KEY' }), { Authorization: 'Bearer sk-1' });
  assert.deepEqual(of({ api_key_env: 'KEY', api_key_header: 'X-Key' }), { 'X-Key': 'sk-1', Authorization: basic('ann:p@ss') });
  assert.deepEqual(of({ headers: { authorization: 'mine' } }), { authorization: 'mine' });
  const config = target({ base_url: 'http://${WHO}:p%40ss@host:1/v1' });
  assert.equal(
    resolveBaseUrl(config, null, (name) => inputs.env[name as 'WHO']),
    'http://host:1/v1',
  );
  assert.ok(['p@ss', 'p%40ss', basic('ann:p@ss').slice(6)].every((secret) => addressCredentials(config, inputs)?.secrets.includes(secret)));
});

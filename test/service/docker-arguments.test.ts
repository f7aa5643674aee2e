import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../src/config/errors.ts';
import { envFileFor, imageName, parsePortMapping, publishArgument, splitArguments } from '../../src/service/docker-arguments.ts';
import { target } from './support.ts';

test('port mappings are read and written', () => {
  const publish = (text: string, hostPort: number | null): string => publishArgument(parsePortMapping(text, 'svc'), hostPort);
  assert.equal(publish('8000', 41000), '127.0.0.1:41000:8000');
  assert.equal(publish('8000', null), '127.0.0.1::8000');
  assert.equal(publish('8080:8000', null), '8080:8000');
  assert.equal(publish('8080:8000', 41000), '127.0.0.1:41000:8000');
  assert.equal(publish('0.0.0.0:8080:8000/tcp', null), '0.0.0.0:8080:8000/tcp');
  assert.equal(publish('[::1]:8080:8000', null), '[::1]:8080:8000');
  for (const wrong of ['', 'a', '0', '8000:', '1:2:3', '70000', '8000/icmp', '8000-8010'])
    assert.throws(() => parsePortMapping(wrong, 'svc'), UserError, wrong);
});

test('a command is split as a shell splits it', () => {
  assert.deepEqual(splitArguments(`--model 'a b'  "c \\"d\\" \\x" e\\ f '' x"y"z`, 'svc'), ['--model', 'a b', 'c "d" \\x', 'e f', '', 'xyz']);
  assert.deepEqual(splitArguments('  ', 'svc'), []);
  for (const wrong of [`a 'b`, 'a "b', `"\\"`]) assert.throws(() => splitArguments(wrong, 'svc'), UserError);
});

test('what was quoted comes back, and the shell agrees', () => {
  const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      assert.deepEqual(splitArguments(words.map(quote).join(' '), 'svc'), words);
    }),
  );
  const line = fc.array(fc.constantFrom('a', 'b', ' ', '"', "'", '\\', '\t'), { maxLength: 12 }).map((parts) => parts.join(''));
  const cases = fc.sample(line, 60).flatMap((text) => {
    try {
      // A backslash at the very end has nothing to escape; shells differ there.
      return /\\$/.test(text) ? [] : [{ text, words: splitArguments(text, 'svc') }];
    } catch {
      return [];
    }
  });
  const script = cases.map(({ text }) => `printf '<%s>' ${text}x; echo`).join('\n');
  const told = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' }).trimEnd().split('\n');
  assert.deepEqual(
    told,
    cases.map(({ text }) =>
      splitArguments(`${text}x`, 'svc')
        .map((word) => `<${word}>`)
        .join(''),
    ),
  );
});

test('variables go into the file as they are; those of several lines go by name', () => {
  assert.deepEqual(envFileFor({ A: ' "x" #y ', B: '1\n2', C: '' }), { text: 'A= "x" #y \nC=\n', byName: { B: '1\n2' } });
});

test('a build without an image gets a tag that docker accepts', () => {
  assert.equal(imageName(target({ image: 'my/app:1', build: '.' }), 'abcdef0123'), 'my/app:1');
  assert.equal(imageName({ ...target({ build: '.' }), name: '_My Service_!' }, 'abcdef0123'), 'llm-bench-my-service:abcdef01');
});

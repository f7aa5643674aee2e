import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLoadSetting } from '../../../src/config/scenario/load-setting.ts';

test('an option of a load is read as in a configuration file; a list needs no brackets', () => {
  for (const [text, option, value] of [
    ['max=50', 'max', 50],
    ['unit=rate', 'unit', 'rate'],
    ['width=2s', 'width', '2s'],
    ['levels=1,5,10', 'levels', [1, 5, 10]],
    ['levels=[1, 5]', 'levels', [1, 5]],
    ['scripted=true', 'scripted', true],
    ['window={from: 10, duration: 2s}', 'window', { from: 10, duration: '2s' }],
    [
      'stages=[{users: 5, duration: 2s}, {users: 0, duration: 1s}]',
      'stages',
      [
        { users: 5, duration: '2s' },
        { users: 0, duration: '1s' },
      ],
    ],
    ['file=a=b.csv', 'file', 'a=b.csv'],
  ] as const)
    assert.deepEqual(parseLoadSetting(text), { option, value }, text);
});

test('what is no setting is refused', () => {
  for (const text of ['max', '=5', 'max=', 'Max 5=3', 'stages=[{', 'load.max=5']) assert.equal(parseLoadSetting(text), null, text);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutCommands } from '../../src/report/escape.ts';

test('a log line is never a command of the runner, and reads as before', () => {
  for (const line of ['::add-mask::x', '  ::stop-commands::y', 'a ##[add-matcher]z', '\t::error::w']) {
    const text = withoutCommands(`first\n${line}\r\nlast`);
    assert.doesNotMatch(text, /^\s*::/m);
    assert.ok(!text.includes('##['), text);
    assert.equal(text.replaceAll('\u200b', ''), `first\n${line}\r\nlast`);
  }
  assert.equal(withoutCommands('std::vector of chat\n  Latency: 5 ms'), 'std::vector of chat\n  Latency: 5 ms');
});

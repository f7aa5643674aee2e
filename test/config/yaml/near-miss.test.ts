import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearMiss, suggestion } from '../../../src/config/yaml/near-miss.ts';

test('a slip finds its word, another word finds none', () => {
  const names = ['concurrency', 'requests', 'model', 'max'];
  assert.equal(nearMiss('concurency', names), 'concurrency');
  assert.equal(nearMiss('modle', names), 'model');
  assert.equal(nearMiss('Requests', names), 'requests');
  assert.equal(nearMiss('mix', names), 'max');
  assert.equal(nearMiss('temperature', names), null);
  assert.equal(nearMiss('on', names), null);
  assert.equal(nearMiss('base-url', ['base_url']), 'base_url');
  assert.equal(suggestion('modle', names), '; did you mean "model"?');
  assert.equal(suggestion('xyz', names), '');
});

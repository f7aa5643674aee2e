import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { startable } from '../../../src/jobs/measure/side.ts';
import { Projects } from '../project.ts';

const projects = new Projects();
after(() => projects.close());

test('the embedded engine is started from folders with blanks, quotes and other letters in their names', async () => {
  const { config, entry } = await projects.open({}, []);
  for (const path of ['/my projects/llm-bench/index.js', '/größe/50%/index.js', "/it's/#1/index.js"]) {
    const { command } = startable({ config, entry: { ...entry, cliPath: pathToFileURL(path) } });
    assert.ok(command?.includes(`'${path.replaceAll("'", "'\\''")}' mock`), command);
  }
});

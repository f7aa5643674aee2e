#!/usr/bin/env node
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error('llm-bench needs Node 24 or newer; this is Node ' + process.versions.node + '. Install it from nodejs.org, or run it with: npx node@24 dist/comment/index.js');
  process.exit(2);
} else {
  const { enableCompileCache } = await import('node:module');
  enableCompileCache?.();
  const { start } = await import('../engine/index.js');
  await start('comment');
}

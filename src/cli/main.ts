import { Worker } from 'node:worker_threads';
export async function start() { console.log('cli', import.meta.url); const { request } = await import('undici'); console.log(typeof request);
 const { parse } = await import('yaml'); console.log(parse('a: 1')); }

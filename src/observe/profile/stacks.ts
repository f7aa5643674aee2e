import type { SelfTimes } from './self-times.ts';

/** Samples of each function by itself of collapsed stacks, as py-spy writes them: `main (a.py:1);score (b.py:9) 12`. Lines of one function are added. Pure. */
export function selfSamplesOfStacks(text: string): SelfTimes {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, stack, count] = /^(.+) (\d+)$/.exec(line.trim()) ?? [];
    const leaf = stack?.split(';').at(-1);
    if (leaf === undefined || count === undefined) continue;
    const name = leaf.replace(/:\d+\)$/, ')');
    samples.set(name, (samples.get(name) ?? 0) + Number(count));
  }
  return samples;
}

/** Samples of each symbol of `perf report -F sample,dso,symbol -t '|'`: `12|libllama.so|[.] ggml_vec_dot`. Pure. */
export function selfSamplesOfPerf(text: string): SelfTimes {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [count, object, symbol] = line.split('|').map((cell) => cell.trim());
    if (!count || !/^\d+$/.test(count) || object === undefined || symbol === undefined) continue;
    const name = `${symbol.replace(/^\[[^\]]*\] /, '')} ${object}`;
    samples.set(name, (samples.get(name) ?? 0) + Number(count));
  }
  return samples;
}

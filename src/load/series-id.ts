/**
 * The scenario's name, then the phase's label, then the labels of the class of requests: `throughput/concurrency=5/prompt_tokens=100`.
 * @param scenario the scenario's name, which the class's id begins with; left out: up to the first slash (a part's own name has slashes)
 */
export function seriesId(cellId: string, label: Readonly<Record<string, string | number>>, scenario?: string): string {
  const suffix = Object.entries(label)
    .map(([key, value]) => `/${key}=${value}`)
    .join('');
  if (suffix === '') return cellId;
  const slash = scenario === undefined ? cellId.indexOf('/') : scenario.length;
  return slash === -1 ? cellId + suffix : cellId.slice(0, slash) + suffix + cellId.slice(slash);
}

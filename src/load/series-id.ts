/** The scenario's name, then the phase's label, then the labels of the class of requests: `throughput/concurrency=5/prompt_tokens=100`. */
export function seriesId(cellId: string, label: Readonly<Record<string, string | number>>): string {
  const suffix = Object.entries(label)
    .map(([key, value]) => `/${key}=${value}`)
    .join('');
  if (suffix === '') return cellId;
  const slash = cellId.indexOf('/');
  return slash === -1 ? cellId + suffix : cellId.slice(0, slash) + suffix + cellId.slice(slash);
}

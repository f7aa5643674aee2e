import type { ResultDocument } from './document.ts';

/** More differences than these say only that everything differs. */
const configDifferencesShown = 100;
const depthShown = 32;

/**
 * What differs between two results beside what was measured, a sentence each: `target: a -> b`, `config scenario.max_tokens: 64 -> 128`.
 * What one side does not say is no difference, except within environment and configuration, where leaving out is saying. Pure.
 */
export function differences(baseline: ResultDocument, current: ResultDocument): string[] {
  const found: string[] = [];
  const compare = (name: string, a: unknown, b: unknown) => {
    if (isStated(a) && isStated(b) && a !== b) found.push(`${name}: ${shown(a)} -> ${shown(b)}`);
  };
  for (const key of ['scenario', 'target', 'model'] as const) compare(key, baseline[key], current[key]);
  if (!onlyFreePortDiffers(baseline.base_url, current.base_url)) compare('base_url', baseline.base_url, current.base_url);
  compare('concurrency', baseline.results.concurrency, current.results.concurrency);
  compare('cohort', baseline.cohort, current.cohort);
  found.push(...memberDifferences('environment', baseline.environment, current.environment, isStatedInEnvironment));
  found.push(...configDifferences(baseline, current));
  compare('tool version', toolOf(baseline), toolOf(current));
  for (const key of ['note', 'tag'] as const) {
    if ((baseline[key] ?? null) !== (current[key] ?? null)) found.push(`${key}: ${shown(baseline[key])} -> ${shown(current[key])}`);
  }
  return found;
}

/**
 * What differs in the load that two results were asked for, a sentence each as `differences` has them: their scenarios with the seed. Where a prompts file, a
 * ShareGPT file or a trace lies on the machine is no difference. Empty where a result does not say. Pure.
 */
export function loadDifferences(a: ResultDocument, b: ResultDocument): string[] {
  const [one, other] = [a, b].map(({ config }) => portableScenario(config.resolved));
  return one === null || other === null ? [] : memberDifferences('config.scenario', one, other, () => true);
}

const mostTold = 5;

/** The first of many sentences, and how many more there are. */
export function fewOf(sentences: readonly string[]): string {
  const more = sentences.length > mostTold ? ` and ${sentences.length - mostTold} more` : '';
  return sentences.slice(0, mostTold).join('; ') + more;
}

function portableScenario(resolved: unknown): Record<string, unknown> | null {
  const scenario = isTree(resolved) ? resolved['scenario'] : null;
  if (!isTree(scenario)) return null;
  const bare = (tree: unknown, key: string) =>
    isTree(tree) && typeof tree[key] === 'string' ? { ...tree, [key]: tree[key].split(/[/\\]/).at(-1) } : tree;
  const request = bare(scenario['request'], 'prompts');
  const asked = isTree(request) && 'sharegpt' in request ? { ...request, sharegpt: bare(request['sharegpt'], 'file') } : request;
  return { ...scenario, request: asked, load: bare(scenario['load'], 'file') };
}

const isStated = (value: unknown): boolean => value !== null && value !== undefined && value !== '';
/** An older result may lack a member of the environment that this version adds; zero cores or memory are what a hand-made result does not say. */
const isStatedInEnvironment = (value: unknown): boolean => isStated(value) && value !== 0;
const toolOf = ({ tool }: ResultDocument): string => `${tool.name} ${tool.version}`.trim();

function shown(value: unknown): string {
  if (value === undefined) return '(not set)';
  const text = typeof value === 'string' && /^[\w./:@+ -]+$/.test(value) ? value : asJson(value);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

/** A hostile document may nest deeper than the stack of the writer. */
function asJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '(nested too deeply to print)';
  }
}

/** A service on a free port of this machine gets another one each time. 32768 is where Linux begins to hand them out. */
function onlyFreePortDiffers(a: string, b: string): boolean {
  if (!URL.canParse(a) || !URL.canParse(b)) return false;
  const [one, other] = [new URL(a), new URL(b)];
  const isFree = (url: URL) => /^(127\.|localhost$|\[::1\]$)/.test(url.hostname) && Number(url.port) >= 32_768;
  return isFree(one) && isFree(other) && one.hostname === other.hostname && one.pathname === other.pathname;
}

function configDifferences(baseline: ResultDocument, current: ResultDocument): string[] {
  const [a, b] = [baseline.config, current.config];
  if (isStated(a.sha256) && a.sha256 === b.sha256) return [];
  if (isStated(a.resolved) && isStated(b.resolved)) return memberDifferences('config', a.resolved, b.resolved, () => true);
  return isStated(a.sha256) && isStated(b.sha256) ? [`config: sha256 ${shown(a.sha256)} -> ${shown(b.sha256)}`] : [];
}

const secretName = /api_?key(?!_(env|header))|token$|secret|password|authorization|\.env\.|\.headers\./i;

/** Members that differ, by dotted path, at any depth. Values under a name that may hold a secret are not printed. */
function memberDifferences(root: string, a: unknown, b: unknown, counts: (value: unknown) => boolean): string[] {
  const found: string[] = [];
  const walk = (path: string, left: unknown, right: unknown, depth: number): void => {
    if (Object.is(left, right)) return;
    const deeper = depth < depthShown && isTree(left) && isTree(right) && Array.isArray(left) === Array.isArray(right);
    if (deeper) {
      for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
        walk(Array.isArray(left) ? `${path}[${key}]` : `${path}.${key}`, member(left, key), member(right, key), depth + 1);
      }
    } else if (counts(left) && counts(right) && !(left === null && right === undefined) && !(left === undefined && right === null)) {
      const place = path.startsWith('config') ? `config ${path.slice('config.'.length)}` : path;
      found.push(secretName.test(path) ? `${place}: differs` : `${place}: ${shown(left)} -> ${shown(right)}`);
    }
  };
  walk(root, a, b, 0);
  const more = found.length - configDifferencesShown;
  return more > 0 ? [...found.slice(0, configDifferencesShown), `${root}: and ${more} more differences`] : found;
}

const isTree = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const member = (tree: Record<string, unknown>, key: string): unknown => (Object.hasOwn(tree, key) ? tree[key] : undefined);

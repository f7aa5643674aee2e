import type { ConfigIssue } from '../errors.ts';
import { withScenarioLimits } from '../thresholds/resolve-thresholds.ts';
import { isTree, type Layers, type Tree, without } from '../yaml/layers.ts';
import { overlayScenario, type ScenarioDraft, type ScenarioLibrary, type WrittenPart } from './scenarios.ts';

/** A scenario of many parts deeper than this has lost its way. */
const deepest = 4;
/** What belongs to the whole and not to each part. */
const ofTheWhole = [['name'], ['description'], ['target'], ['findings'], ['thresholds'], ['criteria'], ['slo'], ['aliases'], ['metrics']] as const;

/**
 * The scenarios that a draft stands for: itself, or one for each of its parts. A part's name is `GROUP/label=value`, with the labels of parts within
 * parts one behind the other. Findings and targets of the whole hold for every part. What is wrong goes to `issues`; a faulty part is left out.
 */
export async function expandParts(draft: ScenarioDraft, library: ScenarioLibrary, issues: ConfigIssue[], depth = 0): Promise<ScenarioDraft[]> {
  const [first] = draft.parts;
  if (first === undefined) return [draft];
  if (depth === deepest) {
    issues.push({
      ...first.originOf([]).place,
      message: `expected parts at most ${deepest} deep; does scenario ${draft.name} name itself as a part?`,
    });
    return [];
  }
  const findings = listOf(draft.layers.value['findings']);
  const expanded: ScenarioDraft[] = [];
  for (const part of draft.parts) {
    const own = await draftOf(part, draft, library);
    if (own === null) continue;
    for (const one of await expandParts(own, library, issues, depth + 1)) {
      const kept = [...new Set([...listOf(one.layers.value['findings']), ...findings])];
      const { criteria, slo, targets } = draft.layers.value;
      const ofAll = { findings: kept.length === 0 ? undefined : kept, criteria, slo, targets };
      expanded.push({ ...one, layers: overlayScenario(one.layers, ofAll, () => draft.named) });
    }
  }
  return expanded;
}

/** A scenario once for each model, as parts that tell them apart; one that names its model itself stays as it is. */
export function forEachModel(draft: ScenarioDraft, models: readonly string[]): ScenarioDraft[] {
  const request = draft.layers.value['request'];
  if (isTree(request) && request['model'] !== undefined) return [draft];
  return models.map((model) => {
    const part = { of: draft.part?.of ?? draft.name, labels: { ...draft.part?.labels, model } };
    const findings = [...new Set([...listOf(draft.layers.value['findings']), 'models'])];
    return { ...draft, name: partName(part), part, layers: overlayScenario(draft.layers, { request: { model }, findings }, () => draft.named) };
  });
}

async function draftOf(part: WrittenPart, whole: ScenarioDraft, library: ScenarioLibrary): Promise<ScenarioDraft | null> {
  const { scenario, name, labels, ...own } = part.tree;
  const base = scenario === undefined ? { ...whole, parts: [] } : await library.byName(String(scenario), part.originOf(['scenario']));
  if (base === null) return null;
  const above = whole.part ?? { of: whole.name, labels: {} };
  const of = { of: above.of, labels: { ...above.labels, ...labelsOf(part.tree) } };
  // The limits of a scenario that is named stay its own; those of the whole hold by its name.
  const gone = scenario === undefined ? ofTheWhole : ofTheWhole.filter(([key]) => key !== 'thresholds' && key !== 'findings');
  const below = without(base.layers, ...gone.map((path) => [...path]));
  return { name: partName(of), named: whole.named, part: of, layers: overlayScenario(below, own, part.originOf), parts: base.parts };
}

function labelsOf({ scenario, name, labels }: Tree): Record<string, string | number> {
  if (name === undefined && labels === undefined) return { part: String(scenario) };
  return { ...(name === undefined ? {} : { part: String(name) }), ...((labels as Record<string, string | number>) ?? {}) };
}

function partName({ of, labels }: NonNullable<ScenarioDraft['part']>): string {
  return (
    of +
    Object.entries(labels)
      .map(([key, value]) => `/${key}=${value}`)
      .join('')
  );
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Adds the limits of a scenario and of its parts, the whole's first: those of a part know more. */
export function withLimitsOf(base: Layers, draft: ScenarioDraft, expanded: readonly ScenarioDraft[]): Layers {
  const drafts = expanded.includes(draft) ? [draft] : [draft, ...expanded];
  return drafts
    .filter(({ layers }) => isTree(layers.value['thresholds']))
    .reduce((limits, { name, layers }) => withScenarioLimits(limits, name, layers), base);
}

import { Document, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import type { BenchConfig } from './bench-config.ts';
import { maskSecrets } from './yaml/mask.ts';

/**
 * The resolved configuration as YAML, each value with its origin behind it: `concurrency: 8 # flag --concurrency`.
 * Values of variables and headers that look like secrets are masked.
 */
export function printConfig(config: BenchConfig): string {
  const { kind, ...baseline } = config.baseline;
  const tree = {
    target: config.target,
    embedded: config.embedded,
    scenarios: config.scenarios,
    thresholds: config.thresholds,
    baseline:
      kind === 'none'
        ? 'none'
        : 'files' in baseline
          ? { file: baseline.files }
          : kind === 'git_branch'
            ? { git_branch: (baseline as { branch: string }).branch }
            : baseline,
    mode: config.mode,
    fail_on: config.failOn,
    report: config.report,
    profile: config.profile,
    root: config.root,
  };
  const document = new Document(maskSecrets(tree, []), { aliasDuplicateObjects: false });
  annotate(document.contents as Node, [], config.origins);
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function annotate(node: Node, path: readonly string[], origins: Readonly<Record<string, string>>): void {
  if (isMap(node) && node.items.length > 0) {
    for (const pair of node.items as Pair<Node, Node>[]) {
      const key = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
      if (pair.value) annotate(pair.value, [...path, key], origins);
    }
    return;
  }
  if (isSeq(node) && node.items.some(isMap)) {
    // A list of mappings has origins of its own (scenarios), or one for the whole (setup).
    const whole = origins[path.join('.')];
    if (whole !== undefined) node.commentBefore = ` ${whole}`;
    else for (const [index, item] of node.items.entries()) annotate(item as Node, [...path, String(index)], origins);
    return;
  }
  if (isSeq(node)) node.flow = true;
  node.comment = ` ${originOf(path, origins)}`;
}

/** What no file and no flag gave was settled by the program. */
function originOf(path: readonly string[], origins: Readonly<Record<string, string>>): string {
  for (let length = path.length; length > 0; length--) {
    const found = origins[path.slice(0, length).join('.')];
    if (found !== undefined) return found;
  }
  return 'default';
}

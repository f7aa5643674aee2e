import type { BaselineSource } from './bench-config.ts';
import { defaultOrigin, isTree, type Layers, type Origin, overlay } from './yaml/layers.ts';
import type { Path } from './yaml/source.ts';

export const defaultArtifact = 'llm-bench-baseline';

const kinds = ['artifact', 'folder', 'file', 'git_branch', 'kind'] as const;

/** `none` is held as `{kind: none}`, so that it merges like the others. */
function asTree(value: unknown): Record<string, unknown> {
  return isTree(value) ? value : { kind: value };
}

function kindOf(tree: Record<string, unknown>): string | null {
  if (tree['branch'] !== undefined) return 'artifact';
  return kinds.find((kind) => tree[kind] !== undefined) ?? null;
}

/** The default: the newest admissible artifact of the default branch. */
export const defaultBaseline: Layers = { value: { artifact: defaultArtifact }, origins: new Map([['artifact', defaultOrigin]]) };

/** Lays one baseline upon another: of the same kind they merge (`branch` onto `artifact`), another kind replaces. */
export function overlayBaseline(base: Layers, value: unknown, originOf: (path: Path) => Origin): Layers {
  const tree = asTree(value);
  const below =
    kindOf(tree) === kindOf(base.value) ? base : kindOf(tree) === 'artifact' ? defaultBaseline : { value: {}, origins: new Map<string, Origin>() };
  return overlay(below, tree, (path) => originOf(path[0] === 'kind' ? [] : path));
}

/** The source as the jobs want it; `branch: null` is the repository's default branch. */
export function baselineSource(layers: Layers): BaselineSource {
  const { value } = layers;
  switch (kindOf(value)) {
    case 'folder':
      return { kind: 'folder', folder: String(value['folder']) };
    case 'file':
      return { kind: 'file', files: Array.isArray(value['file']) ? value['file'].map(String) : [String(value['file'])] };
    case 'git_branch':
      return { kind: 'git_branch', branch: String(value['git_branch']) };
    case 'kind':
      return { kind: 'none' };
    default:
      return {
        kind: 'artifact',
        artifact: String(value['artifact'] ?? defaultArtifact),
        branch: value['branch'] === undefined ? null : String(value['branch']),
      };
  }
}

import type { BaselineStore } from '../baseline/store.ts';
import type { BaselineSource } from '../config/bench-config.ts';
import type { EntryContext } from '../config/entry-context.ts';
import type { Repository } from '../github/client.ts';

/** Flags of the commands that work on stored results. */
export interface StoreFlags {
  store?: string;
  branch?: string;
  config?: string;
}

export const storeHelp =
  'folder:PATH, branch:NAME (a branch of its own, pushed to origin), artifact:NAME (needs GITHUB_TOKEN and GITHUB_REPOSITORY) or file:PATH (default: what the configuration names)';

/** The store that the flags or the configuration name. @throws UserError (2) where it cannot be reached */
export async function openStore(flags: StoreFlags, context: EntryContext): Promise<BaselineStore> {
  const { openBaselines } = await import('../jobs/baseline/open-baselines.ts');
  const { source, repository, root } = await resolveStore(flags, context);
  return openBaselines({ source, root, env: process.env, repository, defaultBranch: null });
}

/** Where the store is, and who said so. */
export async function resolveStore(
  flags: StoreFlags,
  context: EntryContext,
): Promise<{ source: BaselineSource; origin: string; repository: Repository | null; root: string }> {
  const named = await sourceOf(flags, context);
  const { UserError } = await import('../config/errors.ts');
  if (flags.branch !== undefined && named.source.kind !== 'artifact')
    throw new UserError('--branch belongs to artifacts: expected --store artifact:NAME, or a configuration with baseline: { artifact }');
  const source = named.source.kind === 'artifact' && flags.branch !== undefined ? { ...named.source, branch: flags.branch } : named.source;
  if (source.kind !== 'artifact') return { ...named, source, repository: null };
  const { env } = process;
  const token = env['GITHUB_TOKEN'] || env['GH_TOKEN'] || '';
  const [owner, repo] = (env['GITHUB_REPOSITORY'] ?? '').split('/');
  if (token === '' || !owner || !repo)
    throw new UserError('artifacts are reached with a token: expected GITHUB_TOKEN and GITHUB_REPOSITORY (owner/name) in the environment', {
      hint: 'Elsewhere baselines are kept with --store folder:PATH or --store branch:NAME.',
    });
  const { connect } = await import('../github/client.ts');
  const apiUrl = (env['GITHUB_API_URL'] || 'https://api.github.com').replace(/\/+$/, '');
  return { ...named, source, repository: await connect({ token, apiUrl, owner, repo }) };
}

async function sourceOf(flags: StoreFlags, context: EntryContext): Promise<{ source: BaselineSource; origin: string; root: string }> {
  if (flags.store !== undefined) {
    const { parseStore } = await import('../jobs/baseline/open-baselines.ts');
    return { source: parseStore(flags.store), origin: 'flag --store', root: process.cwd() };
  }
  const { configHere } = await import('./config-here.ts');
  const config = await configHere(flags, [], context);
  return { source: config.baseline, origin: config.origins['baseline.artifact'] ?? 'default', root: config.root };
}

import { findBase } from '../../baseline/base.ts';
import { UserError } from '../../config/errors.ts';
import { gitIn } from '../../github/git.ts';
import { pairAndProfile } from '../paired/ab.ts';
import type { PairedResult } from '../paired/paired.ts';
import { addWorktree } from '../paired/worktree.ts';
import { componentsAlone, pairGateComponents } from './components.ts';
import { type GateOptions, measuring, profilesFolder } from './options.ts';

/**
 * The base that can be measured beside the head: the one named by base-ref, or with `mode: paired` the commit that the change is based on. Null where the
 * service is not ours to start.
 * @throws UserError (2) where `mode: paired` was asked for and cannot be had: better said now than after measuring
 */
export async function findPairedBase({ config, baseRef, context, repository }: GateOptions): Promise<string | null> {
  const startable = componentsAlone(config) || config.target.command !== undefined || config.target.image !== undefined;
  const wanted = config.mode === 'paired' || (config.mode === 'auto' && baseRef !== null);
  if (!wanted) return null;
  const base = baseRef ?? (startable ? ((await findBase(context, gitIn(config.root), repository))?.sha ?? null) : null);
  if (config.mode === 'paired' && !startable)
    throw new UserError('mode paired: base and head can be measured in turn only where the target has a command or an image to start');
  if (config.mode === 'paired' && base === null)
    throw new UserError('mode paired: the base of this commit cannot be told here; name it with base-ref');
  return startable ? base : null;
}

/** Measures the head in turn with its base, checked out into a folder of its own: service and components share the budget. */
export async function pair(options: GateOptions, base: string): Promise<PairedResult> {
  const { config, pairedBudgetSeconds } = options;
  if (config.components.entries.length === 0) return pairService(options, base, pairedBudgetSeconds);
  if (componentsAlone(config)) return pairGateComponents(options, base, null, pairedBudgetSeconds);
  const service = await pairService(options, base, pairedBudgetSeconds / 2);
  return service.interrupted || service.crash ? service : pairGateComponents(options, base, service, pairedBudgetSeconds / 2);
}

async function pairService(options: GateOptions, base: string, budgetSeconds: number): Promise<PairedResult> {
  const { config, log } = options;
  const worktree = await addWorktree(config.root, base);
  try {
    const paired = await pairAndProfile(
      {
        head: config,
        base: config,
        baseRef: base,
        measuring: { ...measuring(options), progress: { ...options.progress, scenarioStarted: () => {}, snapshot: () => {} } },
        logDirectory: options.logDirectory,
        limitPercent: null,
        budgetSeconds,
        alternate: false,
        wholeRounds: false,
        log: (line) => log.info(line),
      },
      worktree,
      profilesFolder(options),
    );
    // The head is the commit that a person pushed, not the merge that is checked out.
    if (paired.head) paired.head.git = { ...paired.head.git, sha: options.context.headSha ?? paired.head.git.sha, base_sha: worktree.sha };
    return paired;
  } finally {
    await worktree.remove();
  }
}

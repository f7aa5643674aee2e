import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../config/errors.ts';
import { type Scenario, scenarioName } from '../../config/scenario/scenario.ts';
import type { Profiler } from '../../observe/profile/find.ts';
import { collectNodeProfile, nodeEnvironment, type ProfiledWindow } from '../../observe/profile/node-profile.ts';
import { capturePids } from '../../observe/profile/pid-capture.ts';
import { capturePprof } from '../../observe/profile/pprof-capture.ts';
import { messageOf, profileFiles } from '../../observe/profile/profiled.ts';
import type { Windowed } from '../../observe/profile/summary.ts';
import { mostSpent, threadTimes } from '../../observe/profile/thread-times.ts';
import type { MeasureOptions } from '../measure/options.ts';
import { type Plan, planScenario } from '../measure/plan.ts';
import { Side, type SidePlace, startable } from '../measure/side.ts';

export interface ProfileSide {
  options: MeasureOptions;
  place: SidePlace;
  /** Files go here; those of an earlier profile are taken away. */
  folder: string;
  /** The scenario that drives it; others follow where it ends too early. */
  first: string | null;
}

const quiet = { scenarioStarted: () => {}, snapshot: () => {}, scenarioEnded: () => {} };

/**
 * Starts a service once more, drives its load at it and profiles it meanwhile: in a window of its own, so that no figure that is judged was measured beside
 * a profiler. What cannot be had is told in the answer, never an error.
 */
export async function profileSide(job: ProfileSide): Promise<Windowed | { reasons: string[] }> {
  const { folder, options } = job;
  await mkdir(folder, { recursive: true });
  await Promise.all(Object.values(profileFiles).map((name) => rm(join(folder, name), { force: true })));
  const over = new AbortController();
  const nodeFolder = join(options.logDirectory, 'node-profiles');
  try {
    return await profileUntil(job, over, nodeFolder);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { reasons: [messageOf(error)] };
  } finally {
    await rm(nodeFolder, { recursive: true, force: true });
  }
}

async function profileUntil(job: ProfileSide, over: AbortController, nodeFolder: string): Promise<Windowed | { reasons: string[] }> {
  const { options, folder } = job;
  const { config, env } = options;
  const seconds = config.profile.duration;
  const side = await openSide(job, over.signal, nodeFolder);
  if (side === null) return { reasons: ['it was interrupted'] };
  let captured: Windowed | { reasons: string[] } | null = null;
  const node: { spent: ProfiledWindow['spent'] | null } = { spent: null };
  try {
    const found = await side.findProfiler();
    if ('reasons' in found) return found;
    options.progress.line(`profiling ${config.target.name} under load for ${seconds} s by ${found.tool}`);
    captured = await underLoad(side, await plansOf(job), over, async () => {
      const pids = found.tool === 'node' ? found.pids : [];
      const before = threadTimes(pids);
      const taken = await capture(found, { folder, seconds, env, signal: side.stopped });
      const after = threadTimes(pids);
      if (found.tool === 'node') node.spent = (pid) => mostSpent(pid, before, after);
      return { ...taken, window: null };
    });
  } finally {
    await side.close();
  }
  const { spent } = node;
  if (spent === null || captured === null || 'reasons' in captured || captured.window === null)
    return captured ?? { reasons: ['the load never began'] };
  const { file, problem } = await collectNodeProfile(nodeFolder, { ...captured.window, spent }, join(folder, profileFiles.node));
  return { ...captured, cpu: file, problems: problem === null ? captured.problems : [...captured.problems, problem] };
}

/** Drives the plans in turn, again and again, until the capture that began with their first measured window is over. */
async function underLoad(side: Side, plans: readonly Plan[], over: AbortController, begin: () => Promise<Windowed>): Promise<Windowed | null> {
  let capturing: Promise<Windowed> | null = null;
  const now = () => Number(process.hrtime.bigint() / 1000n);
  const beforeMeasured = () => {
    const fromUs = now();
    capturing ??= begin()
      .then((captured) => ({ ...captured, window: { fromUs, toUs: now() } }))
      .finally(() => over.abort('profiled'));
  };
  for (let round = 0; !side.stopped.aborted; round++) {
    for (const plan of plans) {
      if (side.stopped.aborted) break;
      await side.drive(plan, round, beforeMeasured);
    }
    if (capturing === null) break;
  }
  return capturing;
}

async function capture(profiler: Profiler, context: { folder: string; seconds: number; env: NodeJS.ProcessEnv; signal: AbortSignal }) {
  const { folder, seconds, signal } = context;
  if (profiler.tool === 'pprof') return capturePprof(profiler.place, folder, seconds, signal);
  if (profiler.tool !== 'node') return capturePids({ ...profiler, tool: profiler.tool }, context);
  await sleep(seconds * 1000, undefined, { signal }).catch(() => {});
  // The file is written when the service ends.
  return { tool: profiler.tool, seconds, cpu: null, memory: null, goroutines: null, problems: [] };
}

/** The service with nothing watched beside it; where a Node process may be in it, with what makes that write a profile. */
async function openSide({ options, place }: ProfileSide, over: AbortSignal, nodeFolder: string): Promise<Side | null> {
  const { config, entry, env, progress, logDirectory, transport, freshConnections, shape, onState } = options;
  const { target, observe } = config;
  const open = (nodeOptions: { NODE_OPTIONS: string } | null) =>
    Side.open(
      {
        config: {
          ...config,
          target: nodeOptions === null ? target : { ...target, env: { ...target.env, ...nodeOptions } },
          observe: { ...observe, resources: false, gpu: false, energy: false, metrics: false, custom_metrics: [], replicas: undefined },
        },
        entry,
        env,
        signal: AbortSignal.any([options.signal, over]),
        progress: { ...quiet, line: progress.line },
        logDirectory: join(logDirectory, 'profile'),
        runs: 1,
        transport,
        freshConnections,
        ...(shape ? { shape: { ...shape, startAtEpochMs: null } } : {}),
        selftest: false,
        ...(onState ? { onState } : {}),
      },
      { ...place, skipSetup: true },
    );
  const allowed = config.profile.with === 'auto' || config.profile.with === 'node';
  if (!allowed || startable(options).command === undefined) return open(null);
  const ours = await nodeEnvironment(nodeFolder, target.env?.['NODE_OPTIONS'] ?? env['NODE_OPTIONS']);
  try {
    return await open(ours);
  } catch (error) {
    // An old Node takes --cpu-prof from its command line alone.
    if (config.profile.with === 'node' || options.signal.aborted) throw error;
    progress.line(`profile: the service did not start with --cpu-prof (${messageOf(error)}); starting it without`);
    return open(null);
  }
}

/** The scenario that looks wrong first. */
async function plansOf({ options: { config, entry }, first }: ProfileSide): Promise<Plan[]> {
  const isFirst = (name: string) => (name === first ? 0 : 1);
  const scenarios = config.scenarios.toSorted((a, b) => isFirst(scenarioName(a)) - isFirst(scenarioName(b)));
  return Promise.all(
    scenarios.map((scenario) => planScenario(lasting(scenario, config.profile.duration), startable({ config, entry }), config.root)),
  );
}

/** What a profiler writes when its time is over is written under load too. */
const writingSeconds = 60;

/** A load of some requests goes on until the profile is complete: one that ends and begins again leaves the service idle for most of the time. */
function lasting(scenario: Scenario, seconds: number): Scenario {
  if (scenario.load.executor !== 'closed') return scenario;
  const { requests: _, ...load } = scenario.load as Scenario['load'] & { requests?: number };
  return { ...scenario, load: { ...load, duration: seconds + writingSeconds } as Scenario['load'] };
}

import type { ClientFigures, ClientLimit, ScheduleFigures, ValidityFinding, ValidityInput } from './validity-input.ts';

type Load = Pick<ClientFigures, 'cpuSeconds' | 'wallSeconds' | 'loopUtilization' | 'threadCpu' | 'runQueueWait'>;

const saturatedUtilization = 0.95;
/** A busy loop is busy by its own work when its thread runs that much, or its process fills that much of all cores it may use. */
const ownWork = 0.8;
/** At half a core queues begin to show: what is late then may be late by the client's own work. */
const busyThread = 0.5;
/** The machine held the thread up, when it waited that much of the time for a core that others had. */
const heldUpWait = 0.1;
/** A hypervisor that gives so much to others makes every time of this machine doubtful. */
const heldUpSteal = 0.1;
/** For a while: at least so long, and at least this share of the run. */
const saturatedLeastSeconds = 3;
const saturatedShare = 0.1;
/** A loop delay matters when it is a visible part of what is measured; below 20 ms it is the machine's usual noise. */
const delayFloorMs = 20;
const delayShareOfLatency = 0.2;
const lateFloorMs = 5;
const lateShareOfLatency = 0.1;
const ceilingShare = 0.8;

const percent = (share: number) => `${(share * 100).toFixed(0)}%`;

/** The sending thread had no time left, by its own work. */
export function isSaturated(client: Load, cores: number): boolean {
  return client.loopUtilization >= saturatedUtilization && worksItself(client, cores);
}

/** A send that is later than this is late: visibly so beside the latency, and not the machine's usual noise. */
export function lateBoundMs(medianLatencyMs: number | null): number {
  return Math.max(lateFloorMs, lateShareOfLatency * (medianLatencyMs ?? 0));
}

/** Fatal where the client is at fault; the same finding is advice where the machine held it up. */
export function clientFindings(input: ValidityInput): ValidityFinding[] {
  const findings = [cpuFinding(input), delayFinding(input)];
  if (input.clientLimit !== null) findings.push(limitFinding(input.clientLimit));
  if (input.schedule !== null) findings.push(lateFinding(input, input.schedule), droppedFinding(input.schedule));
  const ceiling = ceilingFinding(input);
  if (ceiling !== null) findings.push(ceiling);
  return findings;
}

function worksItself({ threadCpu, cpuSeconds, wallSeconds }: Load, cores: number): boolean {
  return threadCpu >= ownWork || processShare({ cpuSeconds, wallSeconds }, cores) >= ownWork;
}

function processShare({ cpuSeconds, wallSeconds }: Pick<Load, 'cpuSeconds' | 'wallSeconds'>, cores: number): number {
  return wallSeconds > 0 ? cpuSeconds / wallSeconds / cores : 0;
}

/** Whether what was late was late by the client's own work: it was busy, and not because others had its core. */
function byOwnWork({ client, cores, noise }: ValidityInput): boolean {
  const waited = client.runQueueWait ?? Math.max(0, client.loopUtilization - client.threadCpu);
  const heldUp = (waited >= heldUpWait && processShare(client, cores) < ownWork) || (noise?.stealShare ?? 0) >= heldUpSteal;
  return client.threadCpu >= busyThread && !heldUp;
}

const shedLoad = 'lower the concurrency or the rate, give the client more cores, or spread it over machines with --shard';
const quietMachine = 'the machine held the client up; run it where nothing else does, or on a core of its own';

function limitFinding({ requests, attempts, example }: ClientLimit): ValidityFinding {
  const failed = requests > 0 ? [`${requests} requests`] : [];
  // A retry mends the request, not its time: it waited for a machine that is not the service's.
  const mended = attempts > 0 ? [`${attempts} attempts that were made again`] : [];
  return {
    name: 'client_limit',
    ok: false,
    severity: 'fatal',
    detail: `${[...failed, ...mended].join(' and ')} found no socket, port or memory on this machine (${example}): raise \`ulimit -n\`, keep connections instead of --fresh-connections, or spread the load over machines with --shard`,
  };
}

function cpuFinding({ client, cores, noise }: ValidityInput): ValidityFinding {
  const overall = client.loopUtilization >= saturatedUtilization;
  const forAWhile = client.saturatedSeconds >= Math.max(saturatedLeastSeconds, saturatedShare * client.wallSeconds);
  const ok = !overall && !forAWhile;
  const own = (forAWhile || isSaturated(client, cores)) && (noise?.stealShare ?? 0) < heldUpSteal;
  const seen = `the client's sending thread was busy ${percent(client.loopUtilization)} of the time (limit ${percent(saturatedUtilization)})`;
  const whole =
    overall || !forAWhile ? seen : `${seen}, and saturated for ${client.saturatedSeconds.toFixed(0)} s of the ${client.wallSeconds.toFixed(0)} s`;
  return {
    name: 'client_cpu',
    ok,
    severity: ok || own ? 'fatal' : 'advice',
    detail: ok
      ? seen
      : own
        ? `${whole}: the client was the bottleneck, not the server; ${shedLoad}`
        : `${whole}, but ran only ${percent(client.threadCpu)} of it: ${quietMachine}`,
  };
}

function delayFinding(input: ValidityInput): ValidityFinding {
  const { client, medianLatencyMs } = input;
  const limitMs = Math.max(delayFloorMs, delayShareOfLatency * (medianLatencyMs ?? 0));
  const ok = client.eventLoopP99Ms <= limitMs;
  const own = byOwnWork(input);
  const seen = `event loop delay p99 ${client.eventLoopP99Ms.toFixed(1)} ms (limit ${limitMs.toFixed(1)} ms)`;
  return {
    name: 'event_loop_delay',
    ok,
    severity: own ? 'fatal' : 'advice',
    detail: ok ? seen : own ? `${seen}: the client was held up by its own work; ${shedLoad}` : `${seen}: ${quietMachine}`,
  };
}

function lateFinding(input: ValidityInput, schedule: ScheduleFigures): ValidityFinding {
  const boundMs = lateBoundMs(input.medianLatencyMs);
  const { latenessP99Ms, lateSends, sends } = schedule;
  const ok = latenessP99Ms === null || latenessP99Ms <= boundMs;
  const own = byOwnWork(input);
  const seen =
    latenessP99Ms === null
      ? 'too few sends for a p99 of their lateness'
      : `send lateness p99 ${latenessP99Ms.toFixed(2)} ms (limit ${boundMs.toFixed(1)} ms), ${lateSends} of ${sends} sends were later than that`;
  return {
    name: 'late_sends',
    ok,
    severity: own ? 'fatal' : 'advice',
    detail: ok
      ? seen
      : own
        ? `${seen}: the client could not keep its schedule; ${shedLoad}`
        : `${seen}: the machine or the server's connecting held the sends up, which the latencies include`,
  };
}

function droppedFinding({ dropped, dropsAskedFor, arrivals }: ScheduleFigures): ValidityFinding {
  const ok = dropped === 0;
  const seen = `${dropped} of ${dropped + arrivals} arrivals were dropped`;
  return {
    name: 'dropped_arrivals',
    ok,
    severity: dropsAskedFor ? 'advice' : 'fatal',
    detail: ok
      ? 'no arrival was dropped'
      : dropsAskedFor
        ? `${seen} at the max_in_flight that was set: the load was lighter than its rate says`
        : `${seen} because too many requests were in flight: lower the rate, or set max_in_flight to say how many may be`,
  };
}

/** Null where there is no ceiling to hold the load against. */
function ceilingFinding(input: ValidityInput): ValidityFinding | null {
  const { certified, workers } = input;
  if (certified === null || typeof certified === 'string') return null;
  const { tokensPerSecond, requestsPerSecond } = certified.ceiling;
  const shares = [
    { what: 'tokens/s', observed: input.tokensPerSecond, ceiling: tokensPerSecond },
    { what: 'requests/s', observed: input.requestsPerSecond, ceiling: requestsPerSecond },
  ].flatMap(({ what, observed, ceiling }) =>
    observed === null || ceiling === null || ceiling <= 0
      ? []
      : [{ what, observed, ceiling: ceiling * workers, share: observed / (ceiling * workers) }],
  );
  const highest = shares.sort((a, b) => b.share - a.share)[0];
  if (highest === undefined) return null;
  const ok = highest.share <= ceilingShare;
  // The selftest may have had a slower moment of the machine than the run: a client that was not busy was no bottleneck.
  const own = byOwnWork(input) && !certified.sharedCore;
  const seen = `${Math.round(highest.observed)} ${highest.what} are ${percent(highest.share)} of the ${Math.round(highest.ceiling)} that the client was certified for (limit ${percent(ceilingShare)})`;
  return {
    name: 'client_ceiling',
    ok,
    severity: own ? 'fatal' : 'advice',
    detail: ok ? seen : own ? `${seen}: ${shedLoad}` : `${seen}, though it was not busy: the selftest was held up, or shared its core`,
  };
}

/// <reference lib="dom" />
/**
 * The dashboard in the reader's browser: takes the state, then events, and draws what changed at most four times a second. Keeps as many samples as the
 * server does. Bundled into ../page-assets.ts by scripts/page.ts.
 */
import type { Alert } from '../alert-book.ts';
import { type Columns, keepsLargest, SampleHistory } from '../history.ts';
import type { LiveMetric, LiveSample } from '../sample.ts';
import type { DashboardHead, DashboardState, SampleEvent, TrendAnswer } from '../state.ts';
import type { LimitLine, StatusRow } from '../status.ts';
import { Chart, type ChartPlan } from './charts.ts';
import { alertItem, byId, element, readingRow, statusRow } from './dom.ts';
import { errorPlan, isReading, loadPlans, pickedPlan, readingPlans, trendPlans } from './plans.ts';

const mostSamples = 1800;
const drawEveryMs = 250;
const trendEveryMs = 60_000;

let head: DashboardHead | null = null;
let metrics: Record<string, LiveMetric> = {};
let history = new SampleHistory(mostSamples, keepsLargest);
let latest: LiveSample | null = null;
let status: StatusRow[] = [];
let alerts: Alert[] = [];
let drawn = 0;
let waiting = false;
let connected = true;
let skipped = 0;
const charts = loadPlans.map((plan) => new Chart(plan, byId('charts')));
let errors: Chart | null = null;
let readings: Chart[] = [];
let readingKeys = '';
const picked = new Map<string, Chart>();
const trends: Chart[] = [];

function schedule(): void {
  if (waiting) return;
  waiting = true;
  setTimeout(
    () =>
      requestAnimationFrame(() => {
        waiting = false;
        drawn = performance.now();
        draw();
      }),
    Math.max(0, drawEveryMs - (performance.now() - drawn)),
  );
}

function draw(): void {
  drawHead();
  drawAlerts();
  const withBaseline = head?.baseline != null;
  for (const cell of document.querySelectorAll<HTMLElement>('.base')) cell.hidden = !withBaseline;
  byId('status').replaceChildren(...status.map((row) => statusRow(row, withBaseline)));
  const columns = history.columns();
  columns.t = columns.t.map((ms) => ms / 1000);
  const keys = new Set(Object.keys(columns.values));
  const kinds = [...keys].filter((key) => key.startsWith('errors.')).map((key) => key.slice('errors.'.length));
  if (kinds.length !== (errors?.plan.keys.length ?? 0) || errors === null) {
    errors?.remove();
    errors = new Chart(errorPlan(kinds), byId('charts'));
  }
  drawReadingCharts(keys);
  for (const chart of [...charts, errors, ...readings, ...picked.values()]) chart.draw(columns, linesOf(chart.plan));
  const rows = Object.keys(metrics).filter(isReading);
  byId('all').replaceChildren(...rows.map((key) => readingRow(key, latest?.values[key], metrics[key])));
}

/** The lines of the metric that a chart names, and the targets of every other that it draws. */
function linesOf({ limits: key, keys }: ChartPlan): LimitLine[] {
  const row = status.find((one) => one.key === key) ?? status.find((one) => key !== undefined && one.key.startsWith(`${key}.`));
  const others = status.filter((one) => one !== row && keys.some((drawn) => drawn.key === one.key));
  return [...(row?.lines ?? []), ...others.flatMap(({ lines }) => lines.filter(({ kind }) => kind === 'target'))];
}

function drawReadingCharts(keys: ReadonlySet<string>): void {
  const known = [...keys].filter(isReading).sort();
  if (known.join() === readingKeys) return;
  readingKeys = known.join();
  for (const chart of readings) chart.remove();
  readings = readingPlans(keys).map((plan) => new Chart(plan, byId('readings')));
  const select = byId<HTMLSelectElement>('pick');
  select.replaceChildren(new Option('choose one', ''), ...known.map((key) => new Option(key, key)));
}

const phases: Record<DashboardHead['phase'], [string, string]> = {
  starting: ['starting', 'yellow'],
  ready: ['ready, no load', 'none'],
  running: ['running', 'green'],
  stopping: ['stopping', 'yellow'],
  ended: ['ended', 'none'],
  crashed: ['service down', 'red'],
};

function drawHead(): void {
  if (head === null) return;
  const { target, scenario, mode, phase, note, control, baseline } = head;
  const what = mode === 'monitor' ? 'watched under no load of ours' : scenario;
  byId('subject').textContent = `${target} · ${what}${baseline === null ? '' : ` · against ${baseline}`}`;
  byId('window').textContent = `of the last ${head.window_seconds} seconds`;
  const [word, light] = !connected ? ['not connected', 'red'] : mode === 'monitor' && phase === 'running' ? ['watching', 'green'] : phases[phase];
  const place = byId('phase');
  if (place.textContent !== word) place.textContent = word;
  place.className = `light ${light}`;
  const notes = [
    connected ? null : 'The dashboard does not answer: the run is over, or the connection is lost. Trying again.',
    note,
    skipped > 0 ? `${skipped} updates were left out, because this page did not take them fast enough.` : null,
  ].filter((one) => one !== null);
  const banner = byId('banner');
  banner.hidden = notes.length === 0;
  if (banner.textContent !== notes.join(' ')) banner.textContent = notes.join(' ');
  byId('control').hidden = control === null;
  byId('halt').hidden = !head.stoppable || phase !== 'running';
  byId('export').hidden = !head.exportable;
  byId('absent-box').hidden = head.absent.length === 0;
  byId('absent').replaceChildren(...head.absent.map(({ sampler, reason }) => element('li', `${sampler}: ${reason}`)));
  if (control === null) return;
  const running = phase === 'running';
  byId<HTMLButtonElement>('go').textContent = running ? 'Change users' : 'Start';
  byId<HTMLButtonElement>('go').disabled = !connected || !(running || phase === 'ready' || phase === 'ended');
  byId<HTMLButtonElement>('stop').disabled = !connected || !running;
  const users = byId<HTMLInputElement>('users');
  users.max = String(control.max_users);
  if (users.value === '') users.value = String(control.wanted);
  const spawn = byId<HTMLInputElement>('spawn');
  if (spawn.value === '' && control.spawn_rate !== null && spawn.dataset['set'] === undefined) {
    spawn.value = String(control.spawn_rate);
    spawn.dataset['set'] = 'yes';
  }
}

function drawAlerts(): void {
  const nowMs = latest?.t ?? Date.now();
  const lasting = alerts.filter(({ overMs }) => overMs === null);
  const past = alerts.filter(({ overMs }) => overMs !== null);
  replaceIfChanged(
    byId('alerts'),
    lasting.map((alert) => alertItem(alert, nowMs)),
  );
  replaceIfChanged(
    byId('history'),
    past.map((alert) => alertItem(alert, nowMs)),
  );
  byId('no-alerts').hidden = lasting.length > 0;
  byId('told').textContent = String(alerts.length);
  document.title = `${lasting.length > 0 ? `(${lasting.length}) ` : ''}llm-bench dashboard`;
}

/** A list that stays is left alone: a screen reader would read it again. */
function replaceIfChanged(list: HTMLElement, items: HTMLElement[]): void {
  const wanted = items.map((item) => item.outerHTML).join('');
  if (list.innerHTML !== wanted) list.replaceChildren(...items);
}

async function load(): Promise<void> {
  const response = await fetch('/api/state');
  if (!response.ok) throw new Error(`state ${response.status}`);
  const state = (await response.json()) as DashboardState;
  ({ head, metrics, status, alerts } = state);
  history = new SampleHistory(mostSamples, keepsLargest);
  for (const sample of samplesOf(state.columns)) history.add(sample);
  schedule();
}

function* samplesOf({ t, values }: Columns): Generator<LiveSample> {
  for (const [at, time] of t.entries()) {
    yield { t: time, values: Object.fromEntries(Object.entries(values).map(([key, column]) => [key, column[at] ?? null])) };
    latest = { t: time, values: Object.fromEntries(Object.entries(values).map(([key, column]) => [key, column[at] ?? null])) };
  }
}

function listen(): void {
  const events = new EventSource('/events');
  const on = (name: string, take: (data: never) => void) =>
    events.addEventListener(name, (event) => {
      take(JSON.parse((event as MessageEvent<string>).data) as never);
      schedule();
    });
  events.addEventListener('open', () => {
    connected = true;
    void load().catch(() => {});
  });
  events.addEventListener('error', () => {
    connected = false;
    schedule();
    // A refused answer ends an EventSource for good.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  });
  on('sample', (sample: SampleEvent) => {
    if (sample.metrics !== undefined) Object.assign(metrics, sample.metrics);
    latest = sample;
    status = sample.status;
    history.add(sample);
  });
  on('head', (next: DashboardHead) => {
    head = next;
  });
  on('alerts', (next: Alert[]) => {
    alerts = next;
  });
  on('skipped', (count: number) => {
    skipped += count;
  });
}

async function order(body: unknown): Promise<void> {
  const response = await fetch('/api/load', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-llm-bench': '1' },
    body: JSON.stringify(body),
  });
  if (response.ok) return;
  const { error } = (await response.json()) as { error: string };
  if (head !== null) head = { ...head, note: error };
  schedule();
}

byId('control').addEventListener('submit', (event) => {
  event.preventDefault();
  const users = Number(byId<HTMLInputElement>('users').value);
  const spawn = byId<HTMLInputElement>('spawn').value;
  void order({ action: head?.phase === 'running' ? 'users' : 'start', users, spawn_rate: spawn === '' ? null : Number(spawn) });
});
for (const id of ['stop', 'stop-run']) byId(id).addEventListener('click', () => void order({ action: 'stop' }));
byId<HTMLSelectElement>('pick').addEventListener('change', (event) => {
  const key = (event.target as HTMLSelectElement).value;
  if (key !== '' && !picked.has(key)) picked.set(key, new Chart(pickedPlan(key, metrics[key]), byId('readings')));
  schedule();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const chart of [...charts, ...(errors === null ? [] : [errors]), ...readings, ...picked.values(), ...trends]) chart.repaint();
  schedule();
  void trend();
});

async function trend(): Promise<void> {
  const response = await fetch('/api/trend');
  if (!response.ok) return;
  const { results } = (await response.json()) as TrendAnswer;
  byId('no-trend').hidden = results.length > 0;
  const there = trendPlans.filter(
    ({ keys }) => results.filter(({ figures }) => keys.some(([key]) => figures[key as keyof typeof figures] !== null)).length > 1,
  );
  if (results.length === 1) {
    byId('no-trend').hidden = false;
    byId('no-trend').textContent = 'One result so far: a trend takes two.';
  }
  for (const [at, { title, unit, keys }] of there.entries()) {
    trends[at] ??= new Chart({ title, unit, keys: keys.map(([key, label]) => ({ key, label })) }, byId('trend'));
    trends[at].draw({
      t: results.map(({ timestamp }) => Date.parse(timestamp) / 1000),
      values: Object.fromEntries(keys.map(([key]) => [key, results.map(({ figures }) => figures[key as keyof typeof figures])])),
    });
  }
}

listen();
void trend().catch(() => {});
setInterval(() => void trend().catch(() => {}), trendEveryMs);

import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { programOf, repositoryRoot, unless } from './components.ts';
import { actionFolder, built } from './staged.ts';
import { readResult, scratch, start, told } from './support.ts';

const folder = join(repositoryRoot, 'examples', 'kubernetes');
const manifests = ['config.yaml', 'job.yaml', 'cronjob.yaml'];

interface Container {
  name: string;
  command: string[];
  args?: string[];
  workingDir?: string;
  volumeMounts: { name: string; mountPath: string }[];
}

interface Pod {
  containers: Container[];
  initContainers: Container[];
  volumes: { name: string; configMap?: { name: string }; persistentVolumeClaim?: { claimName: string } }[];
}

interface Manifest {
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
  spec: { template?: { spec: Pod }; jobTemplate?: { spec: { template: { spec: Pod } } } };
}

async function readAll(): Promise<Manifest[]> {
  const texts = await Promise.all(manifests.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Manifest));
}

const podOf = ({ spec }: Manifest): Pod | undefined => spec?.template?.spec ?? spec?.jobTemplate?.spec.template.spec;

test('the manifests are what the API of Kubernetes takes, with no key that it does not know', { skip: unless('kubernetes-validate') }, async (t) => {
  for (const name of manifests) {
    const args = ['-k', newest, '--strict', join(folder, name)];
    const checked = await start(t, programOf('kubernetes-validate'), args, { cwd: folder }).done;
    assert.equal(checked.code, 0, `${name}: ${told(checked)}`);
  }
  // The check can fail.
  const broken = join(await scratch(t), 'broken.yaml');
  await writeFile(broken, (await readFile(join(folder, 'job.yaml'), 'utf8')).replace('backoffLimit: 0', 'backOffLimit: 0'));
  const refused = await start(t, programOf('kubernetes-validate'), ['-k', newest, '--strict', broken], { cwd: folder }).done;
  assert.notEqual(refused.code, 0, told(refused));
});

const newest = '1.37';

test('what a pod mounts is there: volumes by name, the ConfigMap and the claim that the manifests bring', async () => {
  const all = await readAll();
  const named = (kind: string) => all.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name);
  const pods = all.flatMap((one) => podOf(one) ?? []);
  assert.equal(pods.length, 2);
  for (const { containers, initContainers, volumes } of pods) {
    const names = volumes.map(({ name }) => name);
    for (const { volumeMounts } of [...containers, ...initContainers]) for (const { name } of volumeMounts) assert.ok(names.includes(name), name);
    for (const { configMap, persistentVolumeClaim: claim } of volumes) {
      if (configMap) assert.ok(named('ConfigMap').includes(configMap.name));
      if (claim) assert.ok(named('PersistentVolumeClaim').includes(claim.claimName));
    }
  }
});

for (const kind of ['Job', 'CronJob'])
  test(`the command of the ${kind} measures, judges and keeps its result, twice`, async (t) => {
    const all = await readAll();
    const container = podOf(all.find((one) => one.kind === kind) as Manifest)?.containers[0];
    const configuration = all.find((one) => one.kind === 'ConfigMap')?.data?.['llm-bench.yaml'];
    assert.ok(container && configuration);
    const base = await scratch(t);
    const places = { '/program': actionFolder, '/config': join(base, 'config'), '/results': join(base, 'results') };
    const placed = (text: string) => text.replaceAll(/\/(program|config|results)\b/g, (place) => places[place as keyof typeof places]);
    for (const place of [places['/config'], places['/results']]) await mkdir(place);
    const url = await engine(t);
    // The same configuration, but for where the service is and how long it is measured.
    const own = placed(configuration).replace('http://llm-gateway-service', url).replace('scenario: latency_benchmark', 'scenario: quick_validation');
    assert.ok(parse(own).target.base_url === url, own);
    await writeFile(join(places['/config'], 'llm-bench.yaml'), own);

    const [program = '', ...rest] = [...container.command, ...(container.args ?? [])].map(placed);
    const runOnce = () => start(t, program, rest, { cwd: placed(container.workingDir ?? '/') }).done;
    const first = await runOnce();
    assert.equal(first.code, 0, told(first));
    assert.equal((await readResult(places['/results'], 'latest.json')).results.failed, 0);
    assert.match(await readFile(join(places['/results'], 'latest.html'), 'utf8'), /<html/);
    const second = await runOnce();
    assert.ok([0, 1].includes(second.code ?? -1), told(second));
    assert.match(second.stdout, /Latency p95/, 'the second run is compared with the first');
  });

/** The embedded engine as it is built, on a free port. */
async function engine(t: TestContext): Promise<string> {
  const served = start(t, process.execPath, [built('cli'), 'mock', '--port', '0'], { cwd: dirname(built('cli')) });
  const [url = ''] = await served.printed(/http:\/\/[\w.:]+\d/);
  return url;
}

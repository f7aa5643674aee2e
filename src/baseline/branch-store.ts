import { UserError } from '../config/errors.ts';
import type { ResultDocument } from '../result/document.ts';
import { maxResultBytes, parseResult } from '../result/read.ts';
import { dataBranch, type Tip } from './branch-commit.ts';
import { refuseUnfit } from './fitness.ts';
import { type BaselineCandidate, type BaselineStore, type Edited, Refused, type RefusedCandidate } from './store.ts';

/** Results beyond are too old to be a baseline, and reading them takes time. */
const maxRead = 500;
const dataFile = /^[\w.+-]{1,200}\/\d{4}-\d{2}\.jsonl$/;
const ownFiles = /^(?:README\.md|\.gitattributes)$/;

/**
 * Results on an orphan branch of the repository: one file per cohort and month, `<cohort>/2026-01.jsonl`, a line of JSON for each result. A line holds
 * the values and their series, but no histograms and nothing raw: a branch keeps what was ever on it. Concurrent pushes are put one after the other.
 */
export function branchStore(branch: string, root: string): BaselineStore {
  const opening = () => dataBranch(root, branch);
  return {
    describe: () => `results on the branch ${branch}`,
    whenEmpty: () =>
      `No baseline yet: there is no result on the branch ${branch}. \`llm-bench baseline push FILE --store branch:${branch}\` stores one, and later runs are compared with it.`,
    async *newest({ excludeRun }) {
      const tip = await (await opening()).tip();
      let count = 0;
      for (const files of byMonth(tip.files)) {
        const found: { candidate: BaselineCandidate; measuredAt: number }[] = [];
        const refused: RefusedCandidate[] = [];
        for (const file of files) {
          for (const { name, document, failure } of await readLines(tip, file)) {
            if (document === null) refused.push({ name, refused: failure });
            else if (excludeRun !== null && document.ci?.run_id === String(excludeRun))
              refused.push({ name, refused: new Refused('is of this very run', { ineligible: true }) });
            else found.push({ candidate: candidateOf(name, branch, document), measuredAt: Date.parse(document.timestamp) || 0 });
          }
        }
        yield* refused;
        yield* found.sort((a, b) => b.measuredAt - a.measuredAt).map(({ candidate }) => candidate);
        count += found.length;
        if (count >= maxRead) return;
      }
    },
    async push(document) {
      refuseUnfit(document, 'the result');
      const file = fileOf(document);
      const line = lineOf(document);
      let place = 0;
      await (await opening()).update(`Add ${document.scenario || 'a result'} of ${document.git.sha?.slice(0, 12) ?? 'no commit'}`, async (tip) => {
        refuseForeign(branch, tip);
        const before = tip.files.includes(file) ? await tip.read(file) : '';
        const lines = before.split('\n').filter((one) => one.trim() !== '');
        const others = lines.filter((one) => one !== line);
        place = others.length + 1;
        return new Map([[file, `${[...others, line].join('\n')}\n`]]);
      });
      // What `baseline list` calls it.
      return `${file}:${place}`;
    },
    async edit(change) {
      let edited: Edited = { changed: [], removed: [] };
      await (await opening()).update('Update baselines', async (tip) => {
        refuseForeign(branch, tip);
        edited = { changed: [], removed: [] };
        const edits = new Map<string, string | null>();
        for (const file of tip.files.filter((path) => dataFile.test(path))) {
          const lines = await readLines(tip, file);
          const after = lines.map(({ name, text, document }) => {
            // What cannot be read is not touched.
            const changed = document === null ? null : change(document, name);
            if (document === null || changed === document) return text;
            (changed === null ? edited.removed : edited.changed).push(name);
            return changed === null ? null : lineOf(changed);
          });
          if (after.every((text, index) => text === lines[index]?.text)) continue;
          const kept = after.filter((text) => text !== null);
          edits.set(file, kept.length === 0 ? null : `${kept.join('\n')}\n`);
        }
        return edits;
      });
      return edited;
    },
  };
}

/** A branch with anything else on it is somebody's code. */
function refuseForeign(branch: string, tip: Tip): void {
  const foreign = tip.files.find((file) => !dataFile.test(file) && !ownFiles.test(file));
  if (foreign !== undefined) {
    throw new UserError(`the branch ${branch} holds other files (${foreign}): baselines need a branch of their own`, {
      hint: 'Name one that does not exist yet, such as llm-bench-baselines: it is made without history.',
    });
  }
}

/** The data files, those of the latest month together first. */
function byMonth(files: readonly string[]): string[][] {
  const months = new Map<string, string[]>();
  for (const file of files.filter((path) => dataFile.test(path))) {
    const month = file.slice(file.lastIndexOf('/') + 1);
    months.set(month, [...(months.get(month) ?? []), file]);
  }
  return [...months].sort(([a], [b]) => (a < b ? 1 : -1)).map(([, ofMonth]) => ofMonth);
}

function fileOf({ cohort, timestamp }: ResultDocument): string {
  const time = Date.parse(timestamp);
  const month = Number.isNaN(time) ? '0000-00' : new Date(time).toISOString().slice(0, 7);
  const folder = cohort.replaceAll(/[^\w.+-]+/g, '-').slice(0, 200);
  return `${/^[.]*$/.test(folder) ? 'unknown' : folder}/${month}.jsonl`;
}

function lineOf(document: ResultDocument): string {
  const series = document.series.map((one) => ({
    ...one,
    metrics: Object.fromEntries(
      Object.entries(one.metrics).map(([name, metric]) => {
        if ('value' in metric) return [name, metric];
        const { hdr: _hdr, hdr_per_unit: _perUnit, ...rest } = metric;
        return [name, rest];
      }),
    ),
  }));
  return JSON.stringify({ ...document, series, timeline: [], slowest: [], errors: [], config: { ...document.config, resolved: null } });
}

type Line = { name: string; text: string } & ({ document: ResultDocument; failure: null } | { document: null; failure: Refused });

async function readLines(tip: Tip, file: string): Promise<Line[]> {
  let content: string;
  try {
    content = await tip.read(file);
    if (content.length > maxResultBytes) throw new Error(`has ${content.length} characters; at most ${maxResultBytes} are read`);
  } catch (cause) {
    return [{ name: file, text: '', document: null, failure: new Refused(`cannot be read: ${(cause as Error).message}`, { cause }) }];
  }
  return content.split('\n').flatMap((text, index): Line[] => {
    if (text.trim() === '') return [];
    const name = `${file}:${index + 1}`;
    try {
      return [{ name, text, document: parseResult(text, name), failure: null }];
    } catch (cause) {
      if (!(cause instanceof UserError)) throw cause;
      return [{ name, text, document: null, failure: new Refused(cause.message, { cause }) }];
    }
  });
}

function candidateOf(name: string, branch: string, document: ResultDocument): BaselineCandidate {
  const { sha } = document.git;
  return {
    name,
    known: { sha, timestamp: document.timestamp || null, artifact: null },
    runId: null,
    named: false,
    description: () => `${name} on the branch ${branch}`,
    open: async () => ({ document, sha }),
  };
}

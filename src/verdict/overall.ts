import type { FailOn } from '../config/bench-config.ts';
import { ExitCode } from '../config/errors.ts';
import type { ResultDocument } from '../result/document.ts';
import type { OverallVerdict, SeriesVerdict, ValidityFault, Verdict } from './verdict.ts';

/** Design, "Verdict": the whole is the worst. Equal ranks are equally good; which word stands for them is `overall`'s business. */
const ranks: Record<OverallVerdict, number> = { invalid: 5, regressed: 4, inconclusive: 3, warn: 2, missing: 2, ok: 0, improved: 0, new: 0 };

/**
 * The verdict of the whole comparison: the worst of its rows, or invalid. Among rows with nothing to complain of it says `improved` if anything is,
 * else `ok` if anything was judged, else `new`. No rows at all is `missing`: nothing was judged, and that is no success to report silently.
 */
export function overall(verdicts: readonly SeriesVerdict[], valid: boolean): OverallVerdict {
  if (!valid) return 'invalid';
  const order: readonly SeriesVerdict[] = ['regressed', 'inconclusive', 'warn', 'missing', 'improved', 'ok', 'new'];
  return order.find((verdict) => verdicts.includes(verdict)) ?? 'missing';
}

/** The whole of a comparison, with the reasons where it is not valid. @param baseline null where its own validity does not count: it was admitted earlier */
export function wholeOf(
  rows: readonly { verdict: SeriesVerdict }[],
  current: ResultDocument,
  baseline: ResultDocument | null,
): Pick<Verdict, 'verdict' | 'invalid_because'> {
  const sides = { current, ...(baseline === null ? {} : { baseline }) };
  const valid = Object.values(sides).every((document) => document.validity.valid);
  const verdict = overall(
    rows.map((row) => row.verdict),
    valid,
  );
  if (valid) return { verdict };
  const faults = (Object.keys(sides) as ValidityFault['side'][]).flatMap((side) =>
    (sides[side] as ResultDocument).validity.checks
      .filter((check) => !check.ok && check.severity === 'fatal')
      .map(({ name, detail }): ValidityFault => ({ side, check: name, detail })),
  );
  return { verdict, invalid_because: faults };
}

/** The worse of two verdicts; the first where they are equal in rank. */
export function worse<T extends SeriesVerdict>(a: T, b: T): T {
  return ranks[b] > ranks[a] ? b : a;
}

/**
 * The exit code of a comparison (a public contract, design "Command line"): regressed or a limit broken 1, invalid 3, inconclusive 5 where
 * `failOn` asks for it, else 0. `never` lets a judged regression pass, and so does an acceptance; a measurement that is not valid judged nothing and
 * still exits 3.
 */
export function exitCodeFor(verdict: Pick<Verdict, 'verdict' | 'accepted'>, failOn: FailOn): ExitCode {
  if (verdict.verdict === 'invalid') return ExitCode.invalid;
  if (failOn === 'never') return ExitCode.ok;
  if (verdict.verdict === 'regressed') return verdict.accepted ? ExitCode.ok : ExitCode.regressed;
  return verdict.verdict === 'inconclusive' && failOn === 'inconclusive' ? ExitCode.inconclusive : ExitCode.ok;
}

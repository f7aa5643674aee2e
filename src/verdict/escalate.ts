import type { Mode } from '../config/bench-config.ts';
import type { OverallVerdict } from './verdict.ts';

/** What to do next: take the verdict in hand, measure both sides in turn, or judge by fixed percentages. */
export interface NextStep {
  step: 'accept' | 'paired' | 'rules';
  /** For the report, a phrase. */
  why: string;
}

/**
 * The design's table of modes: what follows a screen. `auto` confirms a suspicion by measuring base and head interleaved before it blocks, where that
 * is possible; the other modes do one thing alone.
 * @param screen the screen's verdict; null where there is no pool that could be used
 * @param canPair whether both sides can be served here (a command or image, and a base to check out)
 */
export function nextStep(mode: Mode, screen: OverallVerdict | null, canPair: boolean): NextStep {
  if (mode === 'rules') return { step: 'rules', why: 'mode rules' };
  if (mode === 'paired') return { step: 'paired', why: 'mode paired' };
  if (screen === 'invalid') return { step: 'accept', why: 'the measurement is not valid: measuring more on this machine proves nothing' };
  const unknown = screen === null || screen === 'new';
  if (mode === 'screen')
    return { step: unknown ? 'rules' : 'accept', why: unknown ? 'no pool to screen against: the noise is unknown' : 'mode screen' };
  if (!unknown && screen !== 'regressed' && screen !== 'inconclusive') return { step: 'accept', why: `the screen says ${screen}` };
  const reason = unknown ? 'there is no pool to screen against' : `the screen says ${screen}`;
  if (canPair) return { step: 'paired', why: `${reason}: base and head are measured in turn to be sure` };
  return unknown
    ? { step: 'rules', why: `${reason} and the base cannot be served here: fixed percentages, the noise is unknown` }
    : { step: 'accept', why: `${reason}, and the base cannot be served here` };
}

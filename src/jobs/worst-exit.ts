import { ExitCode } from '../config/errors.ts';

/** From what says most to what says least; what is not in it is fine. */
const order: readonly ExitCode[] = [
  ExitCode.interrupted,
  ExitCode.usage,
  ExitCode.service,
  ExitCode.invalid,
  ExitCode.regressed,
  ExitCode.inconclusive,
];

/** Of several measurements the code of the worst: an interruption says more than a service that is not there, and that more than a measurement that is not valid. */
export function worstExit(codes: readonly ExitCode[]): ExitCode {
  return order.find((code) => codes.includes(code)) ?? ExitCode.ok;
}

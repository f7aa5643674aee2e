import type { GateOutcome } from '../jobs/gate/conclude.ts';

/** The action's outputs, by the names of action.yml; what there is not is empty. */
export function setOutputs(setOutput: (name: string, value: string) => void, outcome: GateOutcome): void {
  const outputs: Record<string, string | null> = {
    verdict: outcome.verdict,
    'result-path': outcome.resultPath,
    'report-path': outcome.reportPath,
    'comment-url': outcome.commentUrl,
    'regressed-metrics': JSON.stringify(outcome.regressedMetrics),
    'baseline-sha': outcome.baselineSha,
    'duration-seconds': outcome.durationSeconds.toFixed(1),
  };
  for (const [name, value] of Object.entries(outputs)) setOutput(name, value ?? '');
}

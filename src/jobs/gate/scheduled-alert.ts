import type { AlertsConfig } from '../../config/alerts.ts';
import { categoryOf } from '../../publish/dashboard/alert-rules.ts';
import { publishSloIssue } from '../../publish/slo-issue.ts';
import { Webhook } from '../../publish/webhook.ts';
import { markdownText, oneLine } from '../../report/escape.ts';
import { formatValue } from '../../report/numbers.ts';
import type { MetricVerdict } from '../../verdict/verdict.ts';
import type { Comparison } from '../compare.ts';
import type { ConcludeOptions } from './options.ts';

/** Rows whose own limit (max or min) is broken, of the categories that are wanted. Pure. */
export function brokenLimits(rows: readonly MetricVerdict[], { categories }: Pick<AlertsConfig, 'categories'>): MetricVerdict[] {
  return rows.filter(
    ({ verdict, rule, metric }) => verdict === 'regressed' && /^(max|min) /.test(rule ?? '') && categories.includes(categoryOf(metric)),
  );
}

/**
 * After a scheduled run that broke a limit: one issue is opened or brought up to date, and the webhook is told. On other events somebody looks at the check;
 * nothing is done.
 * @param report of the run, in Markdown
 */
export async function tellScheduled(options: ConcludeOptions, { verdict, current }: Comparison, report: string): Promise<void> {
  const { config, context, repository, log, env, commentKey } = options;
  const { alerts } = config;
  if (context.event !== 'schedule' || alerts === undefined) return;
  const broken = brokenLimits(verdict.series, alerts);
  if (broken.length === 0) return;
  const lines = broken.map(({ metric, series, current: value, unit, rule }) =>
    oneLine(`${metric} of ${series}: ${formatValue(value, unit)} (${rule})`, 200),
  );
  const title = oneLine(`llm-bench: a limit is broken on ${current.target || 'the service'} (${current.scenario})`, 200);
  const runUrl = context.runId === null ? null : `${context.serverUrl}/${context.owner}/${context.repo}/actions/runs/${context.runId}`;
  const list = lines.map((line) => `- ${markdownText(line)}`).join('\n');
  const from = runUrl === null ? '' : `\n\n[The run](${runUrl})`;
  if (alerts.issue) {
    if (repository === null) log.warning('No issue was opened: the github-token input is empty.');
    else {
      const { url, warning } = await publishSloIssue({
        repository,
        key: commentKey,
        title,
        body: `A scheduled run broke these limits:\n\n${list}${from}\n\n${report}`,
        again: `Broken again:\n\n${list}${from}`,
        coolDownMs: alerts.cool_down * 1000,
        nowMs: Date.now(),
      });
      if (warning !== null) log.warning(warning);
      else log.info(`issue: ${url}`);
    }
  }
  if (alerts.webhook_env === null) return;
  try {
    const webhook = Webhook.of(alerts.webhook_env, env, (sentence) => log.warning(sentence));
    webhook.post({
      text: `${title}: ${lines.join('; ')}`,
      event: 'scheduled_run',
      target: current.target,
      scenario: current.scenario,
      broken,
      run_url: runUrl,
    });
    await webhook.close();
  } catch (error) {
    log.warning((error as Error).message);
  }
}

import { addDispatch, type DispatchBlock, dispatchMetrics, firstAttemptRate, isDispatch, routingAccuracy } from '../dispatch.ts';
import type { Finding, MeasuredPart } from './finding.ts';

/** One model that was asked for through the gateway. Rates in percent. */
export interface RoutedModel {
  model: string | null;
  requests: number;
  first_attempt_success_rate: number | null;
  final_success_rate: number | null;
  attempts_mean: number | null;
  attempts_max: number | null;
  /** The model that answered is the model asked for. */
  routing_accuracy: number | null;
  answered_by: Record<string, number>;
}

/** `results.routing`: each model and all together, and the same figures as metrics of the whole. */
export const routing: Finding = ({ name, parts }) => {
  const models = parts.flatMap(modelOf);
  const all = addDispatch(parts.map(({ document }) => document.results['dispatch']));
  if (all === null) return { results: { routing: { models, ...(models.length === 0 ? {} : { note: 'some parts did not say who answered' }) } } };
  const accuracies = models.map((model) => (model.routing_accuracy === null ? null : model.routing_accuracy * model.requests));
  const accuracy = accuracies.some((value) => value === null) ? null : (accuracies as number[]).reduce((sum, value) => sum + value, 0) / all.requests;
  const { answered_by: _, model: __, ...figures } = figuresOf(all);
  const metrics = { ...dispatchMetrics(all), routing_accuracy: { unit: '%', better: 'higher' as const, value: accuracy } };
  return { results: { routing: { ...figures, routing_accuracy: accuracy, models } }, metrics: { [name]: metrics } };
};

function modelOf({ document }: MeasuredPart): RoutedModel[] {
  const block = document.results['dispatch'];
  return isDispatch(block) ? [figuresOf(block)] : [];
}

function figuresOf(block: DispatchBlock): RoutedModel {
  const { asked, requests, successful, attempts, most_attempts, answered_by } = block;
  return {
    model: asked,
    requests,
    first_attempt_success_rate: firstAttemptRate(block),
    final_success_rate: requests === 0 ? null : (100 * successful) / requests,
    attempts_mean: requests === 0 ? null : attempts / requests,
    attempts_max: requests === 0 ? null : most_attempts,
    routing_accuracy: routingAccuracy(block),
    answered_by,
  };
}

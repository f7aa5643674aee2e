import type { ConversationFigures, ConversationMeter } from '../measure/conversation-meter.ts';
import { Distribution } from '../measure/distribution.ts';
import type { DistributionMetric } from './document.ts';

/** One turn as the result document has it. */
export interface TurnRow {
  turn: number;
  ttft_ms: number | null;
  latency_s: number;
  /** Since the run's start. */
  ended_s: number;
  input_tokens: number | null;
  output_tokens: number | null;
  /** Prompt and answer together: what the turn left in the model's context. */
  context_tokens: number | null;
  finish_reason: string | null;
  error: string | null;
  /** Of the service, in the second in which the turn ended; null where it was not watched. */
  memory_mb: number | null;
}

export interface ConversationRow {
  type: string;
  iteration: number;
  completed: boolean;
  duration_s: number | null;
  turns: TurnRow[];
}

/** `results.conversation`: how the conversations of a run went. */
export interface ConversationBlock {
  begun: number;
  completed: number;
  failed: number;
  /** Whole conversations by type; consistency is 0 to 1 over the iterations of the same turns. */
  types: { type: string; conversations: number; mean_duration_s: number | null; max_duration_s: number | null; answer_consistency: number | null }[];
  context_limit: {
    /** Conversations that the server ended because they did not fit any more. */
    refused: number;
    /** Answers that were cut off for their length. */
    cut: number;
    /** The largest context that was answered. */
    largest_context_tokens: number | null;
  };
  /** At most 1000, in the order they began. */
  conversations: ConversationRow[];
}

/** What is told of conversations, and a metric of how long whole ones took. */
export function conversationBlock(meter: ConversationMeter): { block: ConversationBlock; metrics: Record<string, DistributionMetric> } {
  const types = [...new Set(meter.kept.map(({ type }) => type))];
  const all = new Distribution(1000);
  for (const distribution of meter.durations.values()) all.add(distribution);
  const turns = meter.kept.flatMap((conversation) => conversation.turns);
  const block: ConversationBlock = {
    begun: meter.begun,
    completed: meter.completed,
    failed: meter.failed,
    types: types.map((type) => {
      const summary = meter.durations.get(type)?.summary(0.001);
      return {
        type,
        conversations: meter.kept.filter((one) => one.type === type).length,
        mean_duration_s: summary?.mean ?? null,
        max_duration_s: summary?.max ?? null,
        answer_consistency: meter.consistency(type),
      };
    }),
    context_limit: {
      refused: meter.contextLimited,
      cut: turns.filter(({ finishReason }) => finishReason === 'length').length,
      largest_context_tokens: meter.largestContext,
    },
    conversations: meter.kept.map(rowOf),
  };
  if (all.count === 0) return { block, metrics: {} };
  const metric: DistributionMetric = {
    unit: 's',
    better: 'lower',
    count: all.count,
    sum: all.sum * 0.001,
    ...all.summary(0.001),
    hdr: all.encode(),
    hdr_per_unit: 1_000_000,
  };
  return { block, metrics: { conversation_s: metric } };
}

function rowOf({ type, iteration, planned, turns, durationMs }: ConversationFigures): ConversationRow {
  return {
    type,
    iteration,
    completed: turns.length === planned && turns.every(({ error }) => error === null),
    duration_s: durationMs === null ? null : durationMs / 1000,
    turns: turns.map((turn) => ({
      turn: turn.turn,
      ttft_ms: turn.ttftMs,
      latency_s: turn.latencyMs / 1000,
      ended_s: turn.endMs / 1000,
      input_tokens: turn.inputTokens,
      output_tokens: turn.outputTokens,
      context_tokens: turn.error !== null || turn.inputTokens === null ? null : turn.inputTokens + (turn.outputTokens ?? 0),
      finish_reason: turn.finishReason,
      error: turn.error,
      memory_mb: null,
    })),
  };
}

import type { ConversationFigures, ConversationMeter } from '../measure/conversation-meter.ts';
import { Distribution } from '../measure/distribution.ts';
import type { DistributionMetric } from './document.ts';
import { maxOrNull, sum, weighedMean } from './merge-values.ts';

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

const mostKept = 1000;

/**
 * Conversations of several runs, or of machines that shared a load, as one block. How alike the answers are is known within each part alone, and is their mean; the
 * mean duration is of the conversations that are kept one by one.
 * @param parts one at least; `startSeconds` is added to the times of a part's turns
 */
export function addConversations(parts: readonly { block: ConversationBlock; startSeconds: number }[]): ConversationBlock {
  const blocks = parts.map(({ block }) => block);
  const begun = ({ turns: [first] }: ConversationRow) => (first === undefined ? 0 : first.ended_s - first.latency_s);
  const rows = parts
    .flatMap(({ block, startSeconds }) =>
      block.conversations.map((row) => ({ ...row, turns: row.turns.map((turn) => ({ ...turn, ended_s: turn.ended_s + startSeconds })) })),
    )
    .sort((a, b) => begun(a) - begun(b));
  const types = [...new Set(blocks.flatMap((block) => block.types.map(({ type }) => type)))].map((type) => {
    const own = blocks.flatMap((block) => block.types.filter((one) => one.type === type));
    const durations = rows.flatMap((row) => (row.type === type && row.completed && row.duration_s !== null ? [row.duration_s] : []));
    const compared = own.filter((one) => one.answer_consistency !== null);
    return {
      type,
      conversations: sum(own.map(({ conversations }) => conversations)),
      mean_duration_s: durations.length === 0 ? null : sum(durations) / durations.length,
      max_duration_s: maxOrNull(own.map(({ max_duration_s }) => max_duration_s)),
      answer_consistency: weighedMean(
        compared.map((one) => one.answer_consistency as number),
        compared.map((one) => Math.max(1, one.conversations - 1)),
      ),
    };
  });
  const limits = blocks.map((block) => block.context_limit);
  return {
    begun: sum(blocks.map((block) => block.begun)),
    completed: sum(blocks.map((block) => block.completed)),
    failed: sum(blocks.map((block) => block.failed)),
    types,
    context_limit: {
      refused: sum(limits.map(({ refused }) => refused)),
      cut: sum(limits.map(({ cut }) => cut)),
      largest_context_tokens: maxOrNull(limits.map(({ largest_context_tokens }) => largest_context_tokens)),
    },
    conversations: rows.slice(0, mostKept),
  };
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

import { ownTimes } from './definitions.ts';
import { Distribution } from './distribution.ts';
import type { RequestRecord } from './record.ts';
import { printSimilarity } from './text-print.ts';

/** More conversations than this are counted, but not kept one by one. */
const mostKept = 1000;
/** How servers word that a prompt and its answer do not fit into the model's context. */
const contextWords = /context|maximum.{0,40}(length|tokens)|too (long|many tokens)|max_model_len|max_tokens/i;

/** Where a request stands in its conversation. */
export interface Talk {
  number: number;
  type: string;
  /** From 1. */
  iteration: number;
  /** From 1. */
  turn: number;
  turns: number;
}

export interface TurnFigures {
  turn: number;
  ttftMs: number | null;
  latencyMs: number;
  inputTokens: number | null;
  outputTokens: number | null;
  finishReason: string | null;
  error: string | null;
  /** The server refused it because it does not fit into the context. */
  contextLimit: boolean;
  print: number | null;
  endMs: number;
}

/** One conversation as it went. */
export interface ConversationFigures {
  number: number;
  type: string;
  iteration: number;
  turns: TurnFigures[];
  planned: number;
  /** From the first turn that was due to the end of the last; null while it goes on. */
  durationMs: number | null;
}

/** Folds the turns of conversations: how each went, how long it took as a whole, how alike its answers are over its iterations. */
export class ConversationMeter {
  readonly kept: ConversationFigures[] = [];
  /** Whole conversations in ms, of those that were held to their end, by type. */
  readonly durations = new Map<string, Distribution>();
  begun = 0;
  completed = 0;
  failed = 0;
  /** Conversations that ended because the server refused a turn for its length. */
  contextLimited = 0;
  /** The largest context that was answered, tokens of prompt and answer. */
  largestContext: number | null = null;
  private readonly open = new Map<number, ConversationFigures & { begunMs: number }>();
  private readonly talkOf: (index: number) => Talk;

  /** @param talkOf where the request of an index stands */
  constructor(talkOf: (index: number) => Talk) {
    this.talkOf = talkOf;
  }

  record(record: RequestRecord): void {
    const talk = this.talkOf(record.index);
    const conversation = this.open.get(talk.number) ?? this.begin(talk, record.intendedMs);
    const { ttftMs, latencyMs } = ownTimes(record);
    const contextLimit = record.error === 'http_4xx' && contextWords.test(record.errorMessage ?? '');
    conversation.turns.push({
      turn: talk.turn,
      ttftMs,
      latencyMs,
      inputTokens: record.inputTokens,
      outputTokens: record.outputTokens,
      finishReason: record.finishReason,
      error: record.error,
      contextLimit,
      print: record.answerPrint,
      endMs: record.endMs,
    });
    if (record.error === null && record.inputTokens !== null)
      this.largestContext = Math.max(this.largestContext ?? 0, record.inputTokens + (record.outputTokens ?? 0));
    if (record.error !== null) {
      this.failed++;
      if (contextLimit) this.contextLimited++;
    } else if (talk.turn === talk.turns) {
      this.completed++;
      this.durationsOf(talk.type).record(record.endMs - conversation.begunMs);
    } else return;
    conversation.durationMs = record.endMs - conversation.begunMs;
    this.open.delete(talk.number);
  }

  /** How alike the answers to the same turn were over the iterations of its type, 0 to 1: the mean over all pairs of neighbouring iterations; null with fewer than two. */
  consistency(type: string): number | null {
    const last = new Map<number, number>();
    let [sum, pairs] = [0, 0];
    for (const { turns } of this.kept.filter((one) => one.type === type).toSorted((a, b) => a.iteration - b.iteration)) {
      for (const { turn, print } of turns) {
        if (print === null) continue;
        const before = last.get(turn);
        if (before !== undefined) {
          sum += printSimilarity(before, print);
          pairs++;
        }
        last.set(turn, print);
      }
    }
    return pairs === 0 ? null : sum / pairs;
  }

  private begin({ number, type, iteration, turns }: Talk, begunMs: number): ConversationFigures & { begunMs: number } {
    const conversation = { number, type, iteration, turns: [], planned: turns, durationMs: null, begunMs };
    this.begun++;
    this.open.set(number, conversation);
    if (this.kept.length < mostKept) this.kept.push(conversation);
    return conversation;
  }

  private durationsOf(type: string): Distribution {
    const known = this.durations.get(type);
    if (known) return known;
    const distribution = new Distribution(1000);
    this.durations.set(type, distribution);
    return distribution;
  }
}

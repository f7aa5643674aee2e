/** A conversation has at most so many turns: the index of a request is its conversation times this, and its turn. */
export const turnStride = 1000;

/** One conversation as it is to be held. */
export interface Dialogue {
  type: string;
  /** From 1: how many of its type were planned before it, and itself. */
  iteration: number;
  turns: number;
}

/** Conversations by number, from 0. Beyond the last planned one they begin anew. */
export interface Dialogues {
  planned: number;
  of(number: number): Dialogue;
}

/** Where a request stands: in which conversation, and at which of its turns (both from 0). */
export function placeOf(index: number): { conversation: number; turn: number } {
  return { conversation: Math.floor(index / turnStride), turn: index % turnStride };
}

/** The index of a request by its place; the inverse of `placeOf`. */
export function indexOf(conversation: number, turn: number): number {
  return conversation * turnStride + turn;
}

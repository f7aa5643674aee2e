import type { ConversationFile } from '../config/scenario/conversation-file.ts';
import type { Scenario } from '../config/scenario/scenario.ts';
import { type Cell, capped } from './cells.ts';
import { type Dialogues, placeOf, turnStride } from './dialogues.ts';
import { givenPrompts } from './prompt-source.ts';
import { commonSpec, type Message } from './request-spec.ts';
import { type AskedTarget, type Workload, warmupIndexBase } from './workload.ts';

/**
 * Conversations of a file, every type as often as it says, one after the other. A turn is asked with all that was said before it: the system prompt, the
 * user's turns and what the server answered, or the file's own answers where the load is scripted. Pure.
 */
export function conversationWorkload(scenario: Scenario, target: AskedTarget, file: ConversationFile): Workload & { dialogues: Dialogues } {
  const { request, load } = scenario;
  const common = commonSpec(request, target);
  const only = load['iterations'] as Record<string, number> | undefined;
  const scripted = load['scripted'] === true;
  const often = ({ type, iterations }: { type: string; iterations: number }) => only?.[type] ?? iterations;
  const planned = file.conversations.flatMap((script) => Array.from({ length: often(script) }, (_, at) => ({ script, iteration: at + 1 })));
  const [asked] = Array.isArray(request.max_tokens) ? request.max_tokens : [];
  const cells = file.conversations.flatMap((script) =>
    script.turns.map(
      (_, turn): Cell => ({
        id: `${scenario.name}/conversation=${script.type}/turn=${turn + 1}`,
        labels: { conversation: script.type, turn: turn + 1 },
        promptTokens: null,
        maxTokens: capped(asked ?? script.max_tokens ?? file.max_tokens ?? null, target),
      }),
    ),
  );
  const firstCell = new Map<string, number>();
  for (const [at, cell] of cells.entries()) if (cell.labels['turn'] === 1) firstCell.set(String(cell.labels['conversation']), at);
  const lap = (number: number) => planned[number % planned.length] as (typeof planned)[number];

  return {
    cells,
    prefixOf: null,
    uniquePrompts: cells.length,
    promptSource: () =>
      givenPrompts(
        file.conversations.flatMap((script) => script.turns.map((_, turn) => [script.system ?? file.system, script.turns.slice(0, turn + 1)])),
      ),
    dialogues: {
      planned: planned.length,
      of: (number) => {
        const { script, iteration } = lap(number);
        const laps = Math.floor(number / planned.length) * often(script);
        return { type: script.type, iteration: iteration + laps, turns: script.turns.length };
      },
    },
    request(index, answers = []) {
      // What is sent ahead of the load (the probe, the warm-up) opens conversations and leaves it at that.
      const ahead = index >= warmupIndexBase - turnStride;
      const { conversation, turn: at } = placeOf(index);
      const { script } = lap(ahead ? index : conversation);
      const turn = ahead ? 0 : at;
      const system = script.system ?? file.system;
      const messages: Message[] = system === undefined ? [] : [{ role: 'system', content: system }];
      for (const [before, { user, assistant }] of script.turns.slice(0, turn).entries()) {
        const said = scripted ? (assistant ?? answers[before] ?? '') : (answers[before] ?? assistant ?? '');
        messages.push({ role: 'user', content: user }, { role: 'assistant', content: said });
      }
      messages.push({ role: 'user', content: (script.turns[turn] as { user: string }).user });
      const cell = cells[(firstCell.get(script.type) as number) + turn] as Cell;
      return {
        cell,
        spec: { ...common, messages, maxTokens: cell.maxTokens },
      };
    },
  };
}

import * as z from 'zod';
import { nameSchema } from '../text.ts';

const turnSchema = z.union(
  [
    z
      .string()
      .min(1)
      .transform((user) => ({ user, assistant: null })),
    z
      .strictObject({ user: z.string().min(1), assistant: z.string().min(1).optional() })
      .transform(({ user, assistant }) => ({ user, assistant: assistant ?? null })),
  ],
  { error: 'expected a turn: the text of the user, or {"user": "...", "assistant": "..."}' },
);

const conversationSchema = z.strictObject({
  type: nameSchema.meta({ description: 'short, medium, long or any other name; series are called by it' }),
  iterations: z.int().min(1).max(10_000).default(1).meta({ description: 'How often it is held' }),
  system: z.string().min(1).optional(),
  max_tokens: z.int().min(1).optional(),
  turns: z
    .array(turnSchema)
    .min(1)
    .max(999)
    .meta({ description: 'What the user says, in order; `assistant` is what load.scripted puts in the place of the real answer' }),
});

/** conversation_prompts.json: conversations by type. */
export const conversationFileSchema = z.strictObject({
  $schema: z.string().optional(),
  provider: z.string().optional(),
  model: z.string().min(1).optional().meta({ description: 'Asked for where neither target nor scenario names one' }),
  system: z.string().min(1).optional().meta({ description: 'System prompt of conversations without one of their own' }),
  max_tokens: z.int().min(1).optional().meta({ description: 'Most tokens of an answer' }),
  conversations: z
    .array(conversationSchema)
    .min(1)
    .refine((list) => new Set(list.map(({ type }) => type)).size === list.length, { error: 'expected a type of its own for each conversation' }),
});
export type ConversationFile = z.output<typeof conversationFileSchema>;

import { parsePrometheus } from '../../observe/prometheus-text.ts';

/** One thing that was looked at. */
export interface ProbeFinding {
  name: 'health' | 'models' | 'completion' | 'answer' | 'streaming' | 'usage' | 'server';
  /** null: neither good nor bad. */
  ok: boolean | null;
  detail: string;
}

/** What came of one request. */
export interface Reply {
  status: number | null;
  text: string;
  headers: Headers | null;
  /** Why there was no answer. */
  why: string | null;
}

/** An answer came, with a status of 2xx. */
export const succeeded = ({ status }: Reply): boolean => status !== null && status >= 200 && status < 300;
const said = (reply: Reply): string =>
  reply.why ?? `status ${reply.status}${reply.text === '' ? '' : `: ${reply.text.slice(0, 200).replaceAll(/\s+/g, ' ')}`}`;

/** A missing /health is told, and no fault. */
export function healthFinding(reply: Reply): ProbeFinding {
  if (succeeded(reply)) return { name: 'health', ok: true, detail: `/health answers ${reply.status}` };
  if (reply.status !== null)
    return { name: 'health', ok: null, detail: `there is no /health here (status ${reply.status}); not every server has one` };
  return { name: 'health', ok: false, detail: `/health: ${reply.why}` };
}

/** The models of an OpenAI list; null where the answer is none. */
export function modelsIn(reply: Reply): { id: string; ownedBy: string | null }[] | null {
  if (!succeeded(reply)) return null;
  try {
    const { data } = JSON.parse(reply.text) as { data?: unknown };
    if (!Array.isArray(data)) return null;
    return data.flatMap((one: { id?: unknown; owned_by?: unknown } | null) =>
      typeof one?.id === 'string' ? [{ id: one.id, ownedBy: typeof one.owned_by === 'string' ? one.owned_by : null }] : [],
    );
  } catch {
    return null;
  }
}

const shown = (names: readonly string[]): string =>
  names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');

/** Whether the model that was asked for is listed, or any where none was. A server without a list is told, and no fault. */
export function modelsFinding(reply: Reply, models: ReturnType<typeof modelsIn>, asked: string | null): ProbeFinding {
  if (models === null) return { name: 'models', ok: reply.status === null ? false : null, detail: `no list of models: ${said(reply)}` };
  const names = models.map(({ id }) => id);
  if (asked === null)
    return { name: 'models', ok: names.length > 0, detail: names.length > 0 ? `it lists ${shown(names)}` : 'its list of models is empty' };
  if (names.includes(asked)) return { name: 'models', ok: true, detail: `${asked} is listed (of ${names.length})` };
  return { name: 'models', ok: false, detail: `${asked} is not listed; it lists ${names.length > 0 ? shown(names) : 'none'}` };
}

/** An answer that has the shape of one. */
export interface SampleAnswer {
  text: string;
  model: string | null;
  hasUsage: boolean;
}

/** The message of a chat completion; null where the answer is none. */
export function answerIn(reply: Reply): SampleAnswer | null {
  if (!succeeded(reply)) return null;
  try {
    const body = JSON.parse(reply.text) as {
      model?: unknown;
      usage?: { completion_tokens?: unknown };
      choices?: { message?: Record<string, unknown> }[];
    };
    const message = body.choices?.[0]?.message;
    if (message === undefined) return null;
    const text = [message['content'], message['reasoning_content'], message['reasoning']].find(
      (part) => typeof part === 'string' && part.trim() !== '',
    );
    return {
      text: typeof text === 'string' ? text.trim() : '',
      model: typeof body.model === 'string' ? body.model : null,
      hasUsage: typeof body.usage?.completion_tokens === 'number',
    };
  } catch {
    return null;
  }
}

/** Whether it completes, and whether what came is an answer of the model that was asked. */
export function completionFindings(reply: Reply, answer: SampleAnswer | null, model: string | null): ProbeFinding[] {
  if (answer === null) {
    const detail = succeeded(reply) ? `expected {"choices": [{"message": ...}]}, found ${reply.text.slice(0, 120)}` : said(reply);
    return [{ name: 'completion', ok: false, detail }];
  }
  const sample = answer.text.replaceAll(/\s+/g, ' ');
  const other = answer.model !== null && model !== null && answer.model !== model;
  return [
    {
      name: 'completion',
      ok: answer.text !== '',
      detail: answer.text === '' ? 'it answered without a word' : `"${sample.length > 160 ? `${sample.slice(0, 157)}...` : sample}"`,
    },
    {
      name: 'answer',
      ok: answer.text !== '' && !other,
      detail: [
        other ? `${answer.model} answered, ${model} was asked` : 'a message of the right shape, by the model that was asked',
        answer.hasUsage ? 'with its tokens counted' : 'without a count of its tokens (usage)',
      ].join(', '),
    },
  ];
}

/** Names of the series on a Prometheus page; none where it is no such page. */
export function namesIn(reply: Reply | undefined): string[] {
  if (reply === undefined || !succeeded(reply)) return [];
  try {
    return parsePrometheus(reply.text).map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Whether an answer is a JSON object with this member. */
export function isObject(reply: Reply | undefined, member: string): boolean {
  if (reply === undefined || !succeeded(reply)) return false;
  try {
    const value: unknown = JSON.parse(reply.text);
    return typeof value === 'object' && value !== null && member in value;
  } catch {
    return false;
  }
}

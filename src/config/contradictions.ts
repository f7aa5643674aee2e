import type { ConfigIssue } from './errors.ts';
import { isTree, type Layers, originAt, type Tree } from './yaml/layers.ts';

/** Settings of one scenario that do not go together, each told where it was written. @param layers with the defaults filled in: `request` and `load` are there */
export function contradictions(layers: Layers): ConfigIssue[] {
  const request = layers.value['request'] as Tree;
  const load = layers.value['load'] as Tree;
  const issues: ConfigIssue[] = [];
  const blameAt = (path: string[], message: string) => issues.push({ ...originAt(layers, path).place, message: `${path.join('.')}: ${message}` });
  const blame = (key: string, message: string) => blameAt(['request', key], message);
  if (request['api'] === 'http' || request['stream'] === false) {
    for (const key of ['first_token_timeout', 'idle_timeout'])
      if (layers.value[key] !== undefined) blameAt([key], 'is for streams alone; an answer in one piece has only `timeout`');
    if (isTree(load['slo']) && load['slo']['ttft'] !== undefined)
      blameAt(['load', 'slo', 'ttft'], 'an answer in one piece has no first token; set request.stream: true, or use slo.latency');
  }
  if (request['api'] === 'http') {
    for (const key of [
      'prompt',
      'cases',
      'conversations',
      'schema',
      'retrieval',
      'prompts',
      'sharegpt',
      'prompt_tokens',
      'shared_prefix_tokens',
      'max_tokens',
      'classes',
      'ignore_eos',
      'extra_body',
    ]) {
      if (request[key] !== undefined) blame(key, 'a plain HTTP request (request.api: http) carries no prompt; use request.body');
    }
    if (load['executor'] === 'trace') blameAt(['load', 'executor'], 'a trace holds prompts and answers; a plain HTTP request has none');
    return issues;
  }
  if (request['ignore_eos'] === true && (request['api'] === 'ollama' || request['api'] === 'anthropic'))
    blame('ignore_eos', `the wire ${request['api']} cannot ask for an exact length; leave it out, or use chat or completions`);
  if (load['executor'] === 'trace') {
    for (const key of ['prompts', 'sharegpt', 'prompt_tokens', 'shared_prefix_tokens', 'max_tokens', 'classes'])
      if (request[key] !== undefined) blame(key, 'the trace says how long prompts and answers are; leave this out');
    return issues;
  }
  const classes = isTree(request['classes']) ? request['classes'] : {};
  const several = (key: string) => (Array.isArray(request[key]) && request[key].length > 1) || isTree(request[key]);
  for (const key of ['prompts', 'prompt_tokens', 'sharegpt'])
    if (request[key] !== undefined && classes['prompt'] !== undefined)
      blame(key, 'request.classes.prompt says which prompts are sent; leave one out');
  if (request['max_tokens'] !== undefined && classes['answer'] !== undefined)
    blame('max_tokens', 'request.classes.answer says how long answers are; leave one out');
  for (const [key, kind] of [
    ['prompt_tokens', 'answer'],
    ['max_tokens', 'prompt'],
  ] as const)
    if (several(key) && classes[kind] !== undefined)
      blame(key, `expected one length beside request.classes.${kind}: several lengths are spread evenly, classes by their weights`);
  issues.push(...ofItsOwn(layers));
  for (const key of ['method', 'path', 'body', 'parse_json']) {
    if (request[key] !== undefined)
      blame(key, `is for plain HTTP requests alone, found request.api: ${String(request['api'])}; set request.api: http`);
  }
  if (request['prompts'] !== undefined && request['prompt_tokens'] !== undefined)
    blame('prompt_tokens', 'expected either prompts (a file) or prompt_tokens (generated), found both');
  for (const key of ['prompts', 'prompt_tokens'])
    if (request['sharegpt'] !== undefined && request[key] !== undefined) blame(key, 'request.sharegpt says which prompts are sent; leave one out');
  const generates = request['prompt_tokens'] !== undefined || classes['prompt'] !== undefined;
  for (const key of ['shared_prefix_tokens', 'shared_prefixes'])
    if (request[key] !== undefined && !generates) blame(key, 'is for generated prompts alone; set request.prompt_tokens');
  if (request['shared_prefixes'] !== undefined && request['shared_prefix_tokens'] === undefined)
    blame('shared_prefixes', 'says how many beginnings prompts share; set request.shared_prefix_tokens, how long they are');
  const shared = request['shared_prefix_tokens'];
  if (typeof shared === 'number') {
    const lengths = Array.isArray(classes['prompt']) ? classes['prompt'].map((one: Tree) => one['tokens']) : [request['prompt_tokens']].flat();
    const short = lengths.find((length) => typeof length === 'number' && length <= shared);
    if (short !== undefined) blame('shared_prefix_tokens', `expected less than the shortest prompt (${String(short)} tokens), found ${shared}`);
  }
  return issues;
}

/** Templates, schemas and conversations: settings that need each other. */
function ofItsOwn(layers: Layers): ConfigIssue[] {
  const request = layers.value['request'] as Tree;
  const load = layers.value['load'] as Tree;
  const issues: ConfigIssue[] = [];
  const blame = (path: string[], message: string) => issues.push({ ...originAt(layers, path).place, message: `${path.join('.')}: ${message}` });
  const given = (key: string) => request[key] !== undefined;
  if (request['api'] === 'template') {
    if (!given('template')) blame(['request', 'api'], 'expected request.template, which says how this server is asked; found none');
    if (request['stream'] === true) blame(['request', 'stream'], 'a template reads answers in one piece; leave it out');
  }
  const talks = load['executor'] === 'conversation';
  if (talks && !given('conversations'))
    blame(['load', 'executor'], 'expected request.conversations, the path of a file such as conversation_prompts.json; found none');
  if (!talks && given('conversations'))
    blame(['request', 'conversations'], `is for executor conversation, found executor ${String(load['executor'])}`);
  if (given('retrieval')) {
    const answer = isTree(request['template']) && isTree(request['template']['answer']) ? request['template']['answer'] : {};
    if (request['api'] !== 'template') blame(['request', 'retrieval'], `needs request.api: template, found ${String(request['api'])}`);
    else if (['ids', 'scores', 'distances', 'hit'].every((key) => answer[key] === undefined))
      blame(['request', 'template'], 'expected answer.ids (such as /matches/*/id), answer.scores, answer.distances or answer.hit for a retrieval');
  }
  const others = ['prompt', 'prompts', 'prompt_tokens', 'classes', 'sharegpt', 'cases', 'conversations', 'retrieval'].filter(given);
  if (others.length > 1 && others.some((key) => ['prompt', 'cases', 'conversations', 'retrieval'].includes(key)))
    blame(['request', others[1] as string], `expected one source of prompts, found ${others.join(' and ')}`);
  for (const key of ['cases', 'conversations'])
    if (given(key) && isTree(request['max_tokens']))
      blame(['request', 'max_tokens'], `expected one length beside request.${key}, found a distribution`);
  if (given('cases') && given('schema')) blame(['request', 'schema'], 'each of request.cases has a schema of its own; leave one out');
  const schemas = given('cases') || given('schema');
  for (const key of ['schema_name', 'schema_reuse', 'schema_strict', 'schema_send', 'schema_registration'])
    if (given(key) && !schemas) blame(['request', key], 'expected request.schema or request.cases beside it, found neither');
  return issues;
}

import type { RetrievalConfig } from '../config/scenario/retrieval.ts';
import type { Scenario } from '../config/scenario/scenario.ts';
import { makeQuery, type VectorSet } from '../config/scenario/vectors.ts';
import { exactNeighbours, type Neighbours } from './exact-neighbours.ts';
import { givenPrompts } from './prompt-source.ts';
import { bareSpec, type SearchSpec } from './request-spec.ts';
import type { Workload } from './workload.ts';

/** More queries than this are made when they are due. */
const mostKept = 10_000;

/** The vectors that a retrieval is measured on. */
export function vectorSetOf({ entries, dimension, seed }: RetrievalConfig): VectorSet {
  return { entries, dimension, seed };
}

/** The query of a number, from 0. Their seed is the scenario's, so that other queries can be sent to the same index. */
function queryVector(scenario: Pick<Scenario, 'seed'>, retrieval: RetrievalConfig, number: number): Float32Array {
  const { similarity, near_percent: nearPercent } = retrieval;
  return makeQuery({ ...vectorSetOf(retrieval), querySeed: scenario.seed }, number, { similarity, nearPercent }).vector;
}

/** Queries to an index of vectors: request `index` sends query `index` modulo their number. Pure. */
export function retrievalWorkload(scenario: Scenario, retrieval: RetrievalConfig): Workload {
  const { request } = scenario;
  const { entries, dimension, top_k: topK, queries, threshold } = retrieval;
  const cell = { id: scenario.name, labels: { entries, dimension, top_k: topK }, promptTokens: null, maxTokens: null };
  const kept: (readonly number[] | undefined)[] = [];
  const vectorOf = (number: number): readonly number[] => {
    const known = kept[number];
    if (known !== undefined) return known;
    // Seven digits are what a 32-bit number holds; more would only make the body longer.
    const vector = Array.from(queryVector(scenario, retrieval, number), (value) => Number(value.toPrecision(7)));
    if (number < mostKept) kept[number] = vector;
    return vector;
  };
  return {
    cells: [cell],
    prefixOf: null,
    uniquePrompts: queries,
    promptSource: () => givenPrompts([retrieval, scenario.seed]),
    retrieval,
    request(index) {
      const search: SearchSpec = { vector: vectorOf(index % queries), topK, entries, threshold: threshold ?? null };
      return {
        cell,
        spec: {
          ...bareSpec,
          model: request.model ?? null,
          search,
        },
      };
    },
  };
}

/** What the first `sample` queries of a scenario should find. */
export function sampleNeighbours(scenario: Scenario, retrieval: RetrievalConfig, pause: () => Promise<void>): Promise<Neighbours> {
  const { sample, queries, top_k } = retrieval;
  const vectors = Array.from({ length: Math.min(sample, queries) }, (_, number) => queryVector(scenario, retrieval, number));
  return exactNeighbours(vectorSetOf(retrieval), vectors, top_k, pause);
}

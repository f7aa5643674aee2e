import { isObject } from '../config/is-object.ts';
/** The leg of a matrix as `toJSON(matrix)` gives it; null where there is none. */
export function readMatrix(text: string | undefined): Record<string, unknown> | null {
  if (text === undefined || text.trim() === '') return null;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** A scenario's name as that of a file, without its ending. */
export const scenarioFileName = (name: string): string => name.replaceAll(/[^\w.=-]+/g, '_').slice(0, 100);

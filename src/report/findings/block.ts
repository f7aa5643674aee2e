/** A piece of a report that every renderer sets in its own way. All of it is escaped for where it goes. */
export interface FindingBlock {
  title: string;
  lines: string[];
  table: { cells: string[]; align: string[]; rows: string[][] } | null;
}

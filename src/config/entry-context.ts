/** Where the program itself lies; found once by the entry and handed on. */
export interface EntryContext {
  /** The file that worker threads are started from. */
  entryUrl: URL;
  /** The folder that holds the shipped config/, prompts.jsonl and package.json. */
  packageRoot: URL;
  /** The file that `node` runs as the command line. */
  cliPath: URL;
}

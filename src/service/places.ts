import path from 'node:path';
import type { TargetConfig } from '../config/target/target.ts';

/** Where a service is started from. */
export interface Places {
  /** The repository (where the configuration is); env_file is found here. */
  root: string;
  /** Another checkout of the same repository to run instead, such as the base worktree. */
  workingDirectory?: string;
}

/** A path of the configuration as it is in the checkout that runs: relative to it, and moved into it when it is absolute but below root. */
export function inCheckout(places: Places, configured: string): string {
  const base = places.workingDirectory ?? places.root;
  if (!path.isAbsolute(configured)) return path.resolve(base, configured);
  const below = path.relative(places.root, configured);
  return below.startsWith('..') || path.isAbsolute(below) ? configured : path.resolve(base, below);
}

/** The directory that the service and its setup run in. */
export function serviceDirectory(target: TargetConfig, places: Places): string {
  return inCheckout(places, target.working_directory ?? '.');
}

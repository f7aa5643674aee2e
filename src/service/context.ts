import path from 'node:path';
import { UserError } from '../config/errors.ts';
import type { TargetConfig } from '../config/target/target.ts';
import { maskAddress } from '../config/yaml/mask.ts';
import { addressCredentials, resolveApiKey, targetHeaders } from './api-key.ts';
import { type PortMapping, parsePortMapping, splitArguments } from './docker-arguments.ts';
import { expandEnvironment, expandVariables, type Lookup, lookupIn, readEnvFile, scrubEnvironment } from './environment.ts';
import { inCheckout, type Places, serviceDirectory } from './places.ts';
import { type PortPlan, planPort, resolveBaseUrl } from './port.ts';
import { readyChecks } from './ready.ts';
import { maskerOf, secretValues } from './secrets.ts';

/** A target with everything read and checked that can be before anything is started. */
export interface StartContext {
  target: TargetConfig;
  kind: 'command' | 'container' | 'running';
  places: Places;
  env: NodeJS.ProcessEnv;
  envFile: Record<string, string>;
  lookup: Lookup;
  /** For the origin of base_url alone. */
  headers: Record<string, string>;
  /** Values to mask besides those that the service's own environment shows. */
  secrets: string[];
  /** Masks all of them. */
  mask: (text: string) => string;
  /** Null for a target that already runs. */
  plan: PortPlan | null;
  /** The container's ports; the first is the service's own. Empty where its port is to be the host's. */
  mappings: PortMapping[];
  directory: string;
  logFile: string;
}

/** Reads and checks all of it: every UserError (exit 2) comes before the first process. */
export function readContext(
  target: TargetConfig,
  options: { root: string; env: NodeJS.ProcessEnv; logDirectory: string; overridePort?: number; workingDirectory?: string },
): StartContext {
  const kind = target.image !== undefined || target.build !== undefined ? 'container' : target.command !== undefined ? 'command' : 'running';
  if (kind === 'running' && target.base_url === undefined) {
    throw new UserError(`target ${target.name} has nothing to start and nothing to reach.`, { hint: 'Give it a command, an image or a base_url.' });
  }
  if (kind === 'running' && options.overridePort !== undefined) {
    throw new UserError(`target ${target.name} already runs at ${maskAddress(target.base_url ?? '')}: its port cannot be chosen.`, {
      hint: 'Give it a command or an image, so that a copy can be started.',
    });
  }
  const places: Places = { root: options.root, ...(options.workingDirectory === undefined ? {} : { workingDirectory: options.workingDirectory }) };
  const envFile = readEnvFile(target, options.root);
  const lookup = lookupIn(options.env, envFile);
  const headers = targetHeaders(target, options);
  const key = resolveApiKey(target, options);
  const mappings = kind === 'container' ? (target.ports ?? []).map((text) => parsePortMapping(text, target.name)) : [];
  const plan =
    kind === 'running' ? null : (containerPlan(target, mappings[0], options.overridePort) ?? planPort(target, lookup, options.overridePort));
  const own = expandEnvironment(target.env, lookup, { where: `target ${target.name}: env`, port: 1 });
  const secrets = [
    ...secretValues(headers),
    ...secretValues(envFile),
    ...secretValues(own),
    ...secretValues(scrubEnvironment(options.env, target.pass_env)),
    ...(key === null ? [] : [key.value]),
    ...(addressCredentials(target, options)?.secrets ?? []),
  ];
  if (kind === 'container') checkContainer(target, lookup);
  const port = plan === null ? null : plan.kind === 'fixed' ? plan.port : 1;
  readyChecks(target, { baseUrl: resolveBaseUrl(target, port, lookup), port, headers, lookup, logMatches: () => async () => false });
  if (kind === 'running' && target.ready?.log !== undefined && target.logs_command === undefined) {
    throw new UserError(`target ${target.name}: ready.log cannot be watched on a target that already runs and has no logs_command.`, {
      hint: 'Say with logs_command how to read its log, or use ready.url or ready.port.',
    });
  }
  return {
    ...{ target, kind, places, env: options.env, envFile, lookup, headers, secrets, plan, mappings },
    mask: maskerOf(secrets),
    directory: serviceDirectory(target, places),
    logFile: target.log_file === undefined ? path.join(options.logDirectory, 'service.log') : inCheckout(places, target.log_file),
  };
}

// "8080:8000" settles the host's port, unless a second copy is to be elsewhere.
function containerPlan(target: TargetConfig, main: PortMapping | undefined, override: number | undefined): PortPlan | null {
  if (main === undefined || main.hostPort === null) return null;
  if (override === undefined) return { kind: 'fixed', port: main.hostPort };
  if (target.base_url === undefined || target.base_url.includes('${PORT}') || typeof target.port === 'number')
    return { kind: 'fixed', port: override };
  return null;
}

function checkContainer(target: TargetConfig, lookup: Lookup): void {
  splitArguments(target.command ?? '', target.name);
  const build = typeof target.build === 'object' ? target.build : null;
  for (const [name, value] of Object.entries(build?.args ?? {})) expandVariables(value, lookup, `target ${target.name}: build.args.${name}`);
}

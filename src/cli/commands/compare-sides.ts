import { type Command, InvalidArgumentError } from 'commander';
import type { EntryContext } from '../../config/entry-context.ts';
import { addLoadFlags } from '../bench-options.ts';
import type { NamedSide } from '../sides-command.ts';

const defaultScenario = 'latency_benchmark';

/** `llm-bench compare-targets A B`: the same scenario on several targets, side by side. */
export function registerCompareTargets(program: Command, context: EntryContext): void {
  const command = program
    .command('compare-targets')
    .description('Measure several targets with the same scenario and set them side by side, in results/comparison_YYYYMMDD_HHMMSS/.')
    .argument('<targets...>', 'targets by name; NAME=URL overrides the address of one', targetSide);
  addSidesFlags(command).action(async (targets: NamedSide[]) => {
    const { sidesCommand } = await import('../sides-command.ts');
    process.exitCode = await sidesCommand(command, context, () => targets.map((side) => withScenario(side, command)));
  });
}

/** `llm-bench compare-models TARGET`: the models of one target, side by side. */
export function registerCompareModels(program: Command, context: EntryContext): void {
  const command = program
    .command('compare-models')
    .description('Measure several models of one target with the same scenario and set them side by side, in results/comparison_YYYYMMDD_HHMMSS/.')
    .argument('<target>', 'a target by name, or NAME=URL', (text: string) => targetSide(text)[0] as NamedSide)
    .option('--models <names>', 'models to compare, separated by commas; default, the supported_models of the target');
  addSidesFlags(command).action(async (target: NamedSide, flags: { models?: string }) => {
    const [{ sidesCommand }, { UserError }] = await Promise.all([import('../sides-command.ts'), import('../../config/errors.ts')]);
    process.exitCode = await sidesCommand(command, context, async (load) => {
      const given = flags.models?.split(',').map((name) => name.trim());
      const models = given ?? (await load(target.overrides)).target.supported_models ?? [];
      if (models.length < 2)
        throw new UserError(`compare-models: expected at least two models, found ${models.length}`, {
          hint: 'Name them with --models A,B, or list them as supported_models of the target.',
        });
      return models.map((model) =>
        withScenario({ name: model, overrides: [...target.overrides, { key: 'target.model', value: model, origin: 'flag --models' }] }, command),
      );
    });
  });
}

function addSidesFlags(command: Command): Command {
  return addLoadFlags(command).option('--output-dir <folder>', 'where the folder of the comparison goes', 'results').option('--quiet', 'no progress');
}

/** Without a scenario of their own, sides are compared by their latency. */
function withScenario(side: NamedSide, command: Command): NamedSide {
  const { scenario, type } = command.opts<{ scenario?: string; type?: string }>();
  if (scenario !== undefined || type !== undefined) return side;
  return { ...side, overrides: [...side.overrides, { key: 'scenario', value: defaultScenario, origin: 'default of this command' }] };
}

function targetSide(text: string, previous: NamedSide[] = []): NamedSide[] {
  const [name = '', ...rest] = text.split('=');
  const url = rest.join('=');
  if (name === '' || (text.includes('=') && url === '')) throw new InvalidArgumentError(`expected NAME or NAME=URL, found ${JSON.stringify(text)}`);
  if (previous.some((side) => side.name === name)) throw new InvalidArgumentError(`${name} is named twice`);
  const overrides = [
    { key: 'target', value: name, origin: 'argument' },
    ...(url === '' ? [] : [{ key: 'target.base_url', value: url, origin: 'argument' }]),
  ];
  return [...previous, { name, overrides }];
}

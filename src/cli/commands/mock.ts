import { type Command, Option } from 'commander';
import { type MockField, type MockOptions, mockFieldNames, mockFields, resolveMockOptions } from '../../mock/options.ts';

/** Environment variables that stand in for a flag that is not given. */
const environment: Partial<Record<keyof MockOptions, string>> = { port: 'PORT', apiKey: 'LLM_BENCH_MOCK_API_KEY' };

/** `llm-bench mock`: the embedded engine in the foreground, until SIGTERM or SIGINT. */
export function registerMock(program: Command): void {
  const command = program
    .command('mock')
    .description('Serve the embedded engine: an OpenAI-compatible server that simulates a continuous-batching LLM engine, with faults on demand.')
    .addHelpText('after', '\nOne request may ask for a fault by its header x-mock-fault: NAME or NAME=AMOUNT.');
  const options = new Map(mockFieldNames.map((name) => [name, optionOf(name, mockFields[name])]));
  for (const option of options.values()) command.addOption(option);

  command.action(async (_: unknown, self: Command) => {
    const texts: Record<string, unknown> = self.opts();
    const values: Partial<Record<keyof MockOptions, unknown>> = {};
    for (const [name, option] of options) {
      const text = texts[option.attributeName()];
      // An empty environment variable is one that is not set.
      const unset = text === '' && self.getOptionValueSource(option.attributeName()) === 'env';
      values[name] = readFlag(mockFields[name], unset ? undefined : text);
    }
    const resolved = resolveMockOptions(values, (name) => placeOf(self, options.get(name as keyof MockOptions), name as keyof MockOptions));
    const { serveMock } = await import('../../mock/serve.ts');
    // Whoever started it may stop reading the log.
    process.stdout.on('error', () => undefined);
    await serveMock(resolved, (line) => process.stdout.write(`${line}\n`));
  });
}

/** Where a value came from: `--decode-step-ms`, or `environment variable PORT`. */
function placeOf(command: Command, option: Option | undefined, name: keyof MockOptions): string {
  if (!option) return name;
  return command.getOptionValueSource(option.attributeName()) === 'env' ? `environment variable ${environment[name]}` : (option.long ?? name);
}

/** The field in kebab-case; a boolean that is on by default is switched off by `--no-`. */
function optionOf(name: keyof MockOptions, field: MockField): Option {
  const kebab = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const option = new Option(flagsOf(kebab, field), helpOf(field));
  const variable = environment[name];
  return variable ? option.env(variable) : option;
}

function flagsOf(kebab: string, field: MockField): string {
  switch (field.kind) {
    case 'boolean':
      return field.default ? `--no-${kebab}` : `--${kebab}`;
    case 'faults':
      return '--fault <name=rate...>';
    case 'list':
      return '--model, --models <names...>';
    case 'sizes':
      return `--${kebab} <numbers>`;
    case 'choice':
      return `--${kebab} <choice>`;
    case 'text':
      return `--${kebab} <text>`;
    default:
      return `--${kebab} <number>`;
  }
}

function helpOf(field: MockField): string {
  switch (field.kind) {
    case 'boolean':
      return field.default ? `do not ${field.help}` : field.help;
    case 'faults':
      return field.help;
    case 'list':
    case 'sizes':
      return `${field.help} (default: ${field.default.join(', ')})`;
    case 'choice':
      return `${field.choices.join(' | ')}: ${field.help} (default: ${field.default})`;
    default:
      return field.default === null ? field.help : `${field.help} (default: ${field.default})`;
  }
}

/** What the text of a flag stands for; a text that is no number stays as it is, for the check to name it. */
function readFlag(field: MockField, text: unknown): unknown {
  if (text === undefined) return undefined;
  switch (field.kind) {
    case 'number':
    case 'integer':
      return numberOf(text);
    case 'sizes':
      return String(text).split(',').map(numberOf);
    case 'choice':
      return field.choices.find((choice) => String(choice) === text) ?? text;
    case 'faults':
      return Object.fromEntries(
        (text as string[]).map((entry) => {
          const at = entry.lastIndexOf('=');
          return at < 0 ? [entry, null] : [entry.slice(0, at), numberOf(entry.slice(at + 1))];
        }),
      );
    default:
      return text;
  }
}

function numberOf(text: unknown): unknown {
  return typeof text === 'string' && text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

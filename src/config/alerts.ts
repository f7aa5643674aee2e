import * as z from 'zod';
import { durationSchema } from './duration.ts';

export const alertCategories = ['performance', 'resource', 'stability'] as const;
export type AlertCategory = (typeof alertCategories)[number];

const percentSchema = z.number().positive().max(100);

/** When somebody is told that a live figure is not as it should be. Limits of latencies, throughput and errors are those of the thresholds. */
export const alertsSchema = z.strictObject({
  categories: z.array(z.enum(alertCategories)).min(1).optional().meta({ description: 'Which alerts are raised; default all three' }),
  cool_down: durationSchema.optional().meta({ description: 'The same alert is not told again within this time; default 5m' }),
  sustained: durationSchema.optional().meta({ description: 'How long a figure must lie beyond its limit before it is an alert; default 10s' }),
  webhook_env: z
    .string()
    .regex(/^[A-Za-z_]\w*$/, { error: 'expected the name of an environment variable, which holds the address' })
    .optional()
    .meta({ description: 'Environment variable with the address that every alert is posted to as JSON' }),
  issue: z.boolean().optional().meta({ description: 'A scheduled workflow run that breaks a limit opens or updates one GitHub issue; default true' }),
  memory_percent: percentSchema.optional().meta({ description: "Memory in use of the machine's; default 90" }),
  cpu_percent: percentSchema.optional().meta({ description: 'Processor use of the service or the machine; default 90' }),
  gpu_temperature_celsius: z.number().positive().optional().meta({ description: 'A GPU this warm may slow itself down; default 85' }),
  power_change_percent: z.number().positive().optional().meta({ description: 'Change of power draw against what was usual under load; default 50' }),
});

/** `alerts` with every default filled in. Times are seconds. */
export interface AlertsConfig {
  categories: AlertCategory[];
  cool_down: number;
  sustained: number;
  webhook_env: string | null;
  issue: boolean;
  memory_percent: number;
  cpu_percent: number;
  gpu_temperature_celsius: number;
  power_change_percent: number;
}

export const alertsDefaults: AlertsConfig = {
  categories: [...alertCategories],
  cool_down: 300,
  sustained: 10,
  webhook_env: null,
  issue: true,
  memory_percent: 90,
  cpu_percent: 90,
  gpu_temperature_celsius: 85,
  power_change_percent: 50,
};

/** What was written (and checked before), with every default filled in. */
export function alertsOf(written: unknown): AlertsConfig {
  return { ...alertsDefaults, ...alertsSchema.parse(written ?? {}) } as AlertsConfig;
}

/** Where files of a run go, beside the result itself. */
export const outputSchema = z.strictObject({
  monitoring_data: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Folder of what the dashboard saw, in files of bounded size; default results/monitoring' }),
});

export interface OutputConfig {
  monitoring_data: string;
}

export const outputDefaults: OutputConfig = { monitoring_data: 'results/monitoring' };

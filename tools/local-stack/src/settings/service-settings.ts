import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';

/** One environment variable of a service. */
export interface Setting {
  readonly description: string;
  /** The service does not start without it. */
  readonly required: boolean;
  /** Undefined where there is none. */
  readonly default?: string | number;
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  /** The only values. */
  readonly values?: readonly string[];
}

/** By service, then by name, in the order of the services' schemas. */
export type ServiceSettings = ReadonlyMap<string, Readonly<Record<string, Setting>>>;

/** Told by tests that make a process fail, and by nobody else. */
export const forTestsAlone: ReadonlySet<string> = new Set(['FAULT_FILE']);

const packages = ['key-management', 'authorization', 'certificate-verifier', 'flow-runtime', 'admin-api'];

/** Reads what the built services say of themselves. @param root of the project */
export async function readServiceSettings(root: string): Promise<ServiceSettings> {
  const read = await Promise.all(
    packages.map(async (name) => {
      const file = pathToFileURL(join(root, 'apps', name, 'dist', 'config.js')).href;
      const { settings } = (await import(file)) as { settings: Record<string, z.ZodObject> };
      return Object.entries(settings).map(([service, schema]) => [service, settingsOf(schema)] as const);
    }),
  );
  return new Map(read.flat());
}

function settingsOf(schema: z.ZodObject): Record<string, Setting> {
  const settings: Record<string, Setting> = {};
  for (const [name, value] of Object.entries(schema.shape)) {
    const form = z.toJSONSchema(value, { io: 'input', unrepresentable: 'any' });
    settings[name] = {
      description: form.description ?? '',
      required: !value.safeParse(undefined).success,
      ...(typeof form.default === 'string' || typeof form.default === 'number' ? { default: form.default } : {}),
      ...(typeof form.type === 'string' ? { type: form.type } : {}),
      ...(form.minimum === undefined || form.minimum === Number.MIN_SAFE_INTEGER ? {} : { minimum: form.minimum }),
      ...(form.maximum === undefined || form.maximum === Number.MAX_SAFE_INTEGER ? {} : { maximum: form.maximum }),
      ...(form.enum === undefined ? {} : { values: form.enum.map(String) }),
    };
  }
  return settings;
}

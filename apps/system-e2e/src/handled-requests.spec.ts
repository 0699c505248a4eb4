import { describe, expect, it } from '@jest/globals';
import * as contracts from '@sluice/contracts';
import type { RequestContract } from '@sluice/contracts';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const apps = join(import.meta.dirname, '..', '..');
const isContract = (value: unknown): value is RequestContract =>
  typeof value === 'object' && value !== null && 'subject' in value && 'service' in value && 'timeoutMs' in value;
/** Every request there is; those that several services answer are in one object by service. */
const requests = Object.values(contracts)
  .flatMap((value: unknown) => (typeof value === 'object' && value !== null ? [value, ...Object.values(value)] : []))
  .filter(isContract);
const services = readdirSync(apps).filter((name) => existsSync(join(apps, name, 'src', 'app.module.ts')));

interface DynamicModule {
  readonly module: object;
  readonly imports?: readonly unknown[];
  readonly controllers?: readonly unknown[];
}

const given = (target: object, what: 'imports' | 'controllers') =>
  (Reflect.getMetadata(what, target) ?? []) as readonly unknown[];

/** The controllers that Nest finds from this module on. */
function controllersOf(module: unknown, seen = new Set<unknown>()): Set<new () => object> {
  if (typeof module !== 'function' && typeof module !== 'object') return new Set();
  if (module === null || seen.has(module)) return new Set();
  seen.add(module);
  const dynamic = 'module' in module ? (module as DynamicModule) : undefined;
  const named = dynamic?.module ?? module;
  const own = [...given(named, 'controllers'), ...(dynamic?.controllers ?? [])] as (new () => object)[];
  const imported = [...given(named, 'imports'), ...(dynamic?.imports ?? [])];
  return new Set([...own, ...imported.flatMap((each) => [...controllersOf(each, seen)])]);
}

/** The subjects that a controller's methods are marked with. */
function subjectsOf({ prototype }: { readonly prototype: object }): string[] {
  return Object.getOwnPropertyNames(prototype).flatMap((name) => {
    const method: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
    return typeof method === 'function'
      ? ((Reflect.getMetadata('microservices:pattern', method) ?? []) as string[])
      : [];
  });
}

describe('the requests of the bus', () => {
  it('are each of one service', () => {
    expect(new Set(requests.map(({ subject }) => subject)).size).toBe(new Set(requests).size);
    for (const { service } of requests) expect(services).toContain(service);
  });

  it.each(services)('%s has one handler for each of its own, and none for another', async (service) => {
    const { AppModule } = (await import(pathToFileURL(join(apps, service, 'src', 'app.module.ts')).href)) as {
      AppModule: unknown;
    };
    const handled = [...controllersOf(AppModule)].flatMap(subjectsOf).sort();
    const wanted = [...new Set(requests)].filter((each) => each.service === service).map(({ subject }) => subject);
    expect(handled).toEqual(wanted.sort());
    if (service !== 'admin-api') expect(handled.length).toBeGreaterThan(0);
  });
});

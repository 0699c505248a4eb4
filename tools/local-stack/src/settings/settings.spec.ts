import { clusterLeaseMs } from '@sluice/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { provision, readServerNames } from '@sluice/provision';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readStackConfig } from '../config.js';
import { serviceProcesses, settingsNotPassedOn, type ServiceProcess } from '../service-environments.js';
import { renderSettings } from './render-settings.js';
import { forTestsAlone, readServiceSettings, type ServiceSettings } from './service-settings.js';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const services = [
  'key-management',
  'authorization',
  'certificate-verifier',
  'flow-runtime',
  'message-log',
  'admin-api',
];
let settings: ServiceSettings;
let home: string;
let processesGiven: (given: Record<string, string>, stack?: Record<string, string>) => readonly ServiceProcess[];

const namesOf = (service: string) =>
  Object.keys(settings.get(service) ?? {}).filter((name) => !forTestsAlone.has(name));

beforeAll(async () => {
  settings = await readServiceSettings(root);
  home = mkdtempSync(join(tmpdir(), 'sluice-settings-'));
  for (const folder of ['logs', 'run', 'nats', 'tls', 'secrets']) mkdirSync(join(home, folder));
  const provisioned = await provision({
    home,
    names: readServerNames('names', ''),
    natsListen: '127.0.0.1:4222',
    busStoreMb: 8_192,
    now: Date.now(),
  });
  processesGiven = (given, stack = {}) =>
    serviceProcesses(readStackConfig(stack, root), provisioned, 'postgres://u@h/d', 'nats://h:1', settings, given);
}, 60_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('the settings of the services', () => {
  it('are read from every service, and each says what it is', () => {
    expect([...settings.keys()].sort()).toEqual([...services].sort());
    for (const service of services)
      for (const name of namesOf(service))
        expect([name, settings.get(service)?.[name]?.description]).not.toEqual([name, '']);
  });

  it('are all in docs/settings.md, as `npm run settings` writes it', async () => {
    const file = join(root, 'docs', 'settings.md');
    expect(readFileSync(file, 'utf8')).toBe(await renderSettings(settings, file));
  });
});

describe('the local stack', () => {
  it('passes every setting of a service on, or decides it', () => {
    for (const service of services) {
      const given = Object.fromEntries(namesOf(service).map((name) => [name, `given ${name}`]));
      const environment = processesGiven(given).find((process) => process.service === service)?.environment ?? {};
      expect(namesOf(service).filter((name) => environment[name] === undefined)).toEqual([]);
    }
  });

  it('passes a setting to the services that know it alone, and nothing else of its environment', () => {
    const given = { WRITERS_ABSENT_MS: '20000', MESSAGE_LOG_DAYS: '3', FAULT_FILE: '/f', HOME: '/h', SECRET: 's' };
    for (const { service, environment } of processesGiven(given)) {
      expect(environment['WRITERS_ABSENT_MS']).toBe(service === 'flow-runtime' ? '20000' : undefined);
      expect(environment['MESSAGE_LOG_DAYS']).toBe(service === 'message-log' ? '3' : undefined);
      for (const name of ['FAULT_FILE', 'HOME', 'SECRET']) expect(environment[name]).toBeUndefined();
    }
  });

  it('opens loopback unless it is told otherwise, and gives a longer lease with a cluster', () => {
    const runtime = (given: Record<string, string>, stack?: Record<string, string>) =>
      processesGiven(given, stack).find(({ service }) => service === 'flow-runtime')?.environment ?? {};
    expect(runtime({})['ALLOWED_DESTINATIONS']).toBe('localhost,127.0.0.0/8,::1');
    expect(runtime({ ALLOWED_DESTINATIONS: '' })['ALLOWED_DESTINATIONS']).toBe('');
    expect(runtime({})['LEASE_MS']).toBeUndefined();
    expect(runtime({}, { SLUICE_NATS_SERVERS: '3' })['LEASE_MS']).toBe(String(clusterLeaseMs));
    expect(runtime({ LEASE_MS: '30000' }, { SLUICE_NATS_SERVERS: '3' })['LEASE_MS']).toBe('30000');
  });

  it('names the settings that it decides itself though they are set', () => {
    const given = { BUS_STORE_MB: '1', LEASE_MS: '20000', NATS_URL: 'nats://mine:4222', FLOW_PORT: '1' };
    expect(settingsNotPassedOn(processesGiven(given), settings, given).sort()).toEqual(['BUS_STORE_MB', 'FLOW_PORT']);
  });
});

describe('docker-compose.yml', () => {
  /** The image sets the port that its health check asks; the URL comes from a file, with its password. */
  const decidedElsewhere = new Set(['HEALTH_PORT', 'DATABASE_URL', 'DATABASE_PASSWORD_FILE']);

  it('passes every setting of a service on, or decides it', () => {
    const file = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
    const compose = parse(file, { merge: true }) as {
      services: Record<string, { environment: Record<string, string> } | undefined>;
    };
    for (const service of services) {
      const environment = compose.services[service]?.environment ?? {};
      const missing = namesOf(service).filter((name) => environment[name] === undefined && !decidedElsewhere.has(name));
      expect([service, missing]).toEqual([service, []]);
      // A variable that is passed on has the name of the setting; FLOW_URL is put together.
      const otherName = Object.entries(environment).filter(
        ([name, value]) =>
          value.startsWith('${') && !value.startsWith(`\${SLUICE_${name}:-`) && !value.startsWith(`\${SLUICE_${name}-`),
      );
      expect([service, otherName]).toEqual([service, []]);
    }
  });
});

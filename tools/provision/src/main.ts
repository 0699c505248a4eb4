import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readMetricsPort, readProvisionConfig, readTrustedRootsConfig, type ProvisionConfig } from './config.js';
import { administratorUrl, fillVolumes } from './container/fill-volumes.js';
import { prepareWhenUp } from './prepare-when-up.js';
import { serveMetrics } from './metrics/serve-metrics.js';
import { runTrustedRoots } from './trusted-roots/run-trusted-roots.js';

/** What an administrator may have to read, below the home of provisioning. */
const shown: Readonly<Record<string, string>> = {
  'admin-token': 'secrets/admin-token',
  'server-root': 'tls/server-root.pem',
};
const names = Object.keys(shown).join(', ');
const usage = `Usage: provision files           make what is missing and give each service its part
       provision renewals        do so again every twelve hours, so that no certificate ends
       provision database        make the database roles and schemas
       provision trusted-roots   keep the load balancer's list of trusted roots
       provision metrics         serve the metrics of every process at one port
       provision show WHAT       print one of ${names}`;

const healthPort = 8081;
const metricsSources = [
  ...['key-management', 'authorization', 'certificate-verifier', 'flow-runtime', 'message-log', 'admin-api'].map(
    (service) => ({ service, port: healthPort }),
  ),
  // The exporter that is part of HAProxy; deploy/haproxy/haproxy.cfg.
  { service: 'load-balancer', port: 8405 },
];

/** A name that has no address is one of a service that does not run. */
const addressesOf = async (name: string): Promise<string[]> => {
  const found = await lookup(name, { all: true }).catch(() => []);
  return found.map(({ address }) => address);
};

const say = (message: string) => void process.stdout.write(`${message}\n`);
const databaseTimeoutMs = 180_000;
const renewalIntervalMs = 12 * 3_600_000;

async function main([command, what]: readonly string[]): Promise<void> {
  switch (command) {
    case 'files': {
      await fillVolumes({ ...readProvisionConfig(process.env), now: Date.now() });
      return say('every service has its keys and certificates');
    }
    case 'renewals': {
      const end = new AbortController();
      for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => end.abort());
      return keepRenewing(readProvisionConfig(process.env), end.signal);
    }
    case 'database': {
      const open = await prepare(readProvisionConfig(process.env));
      say('the database roles and schemas are there');
      if (open.length > 0)
        say(
          `everybody may connect to the databases ${open.join(', ')} of this server, so the services' roles may: REVOKE CONNECT there from PUBLIC (docs/adr/0043)`,
        );
      return;
    }
    case 'trusted-roots': {
      const end = new AbortController();
      for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => end.abort());
      return runTrustedRoots(readTrustedRootsConfig(process.env), say, end.signal);
    }
    case 'metrics': {
      const server = serveMetrics({ sources: metricsSources, resolve: addressesOf });
      for (const name of ['SIGTERM', 'SIGINT'] as const)
        process.once(name, () => {
          server.close();
          server.closeAllConnections();
        });
      return void server.listen(readMetricsPort(process.env), '0.0.0.0', () =>
        say('serving the metrics of every process'),
      );
    }
    case 'show':
      return show(readProvisionConfig(process.env), what ?? '');
    default:
      throw new Error(usage);
  }
}

/** Renewing late is not failing: what cannot be done now is tried again, long before a certificate ends. */
async function keepRenewing(config: ProvisionConfig, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await fillVolumes({ ...config, now: Date.now() });
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
    await sleep(renewalIntervalMs, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}

async function prepare(config: ProvisionConfig): Promise<string[]> {
  const home = join(config.root, 'home');
  const passwordOf = (role: string) => read(join(home, 'secrets', `database-${role}.password`)).trim();
  const url = administratorUrl(config.postgres, passwordOf('postgres'), join(home, 'tls', 'server-root.pem'));
  try {
    return await prepareWhenUp(url, passwordOf, config.servers > 1, databaseTimeoutMs);
  } catch (error) {
    throw new Error(
      `The database at ${config.postgres} could not be prepared: ${error instanceof Error ? error.message : String(error)}.`,
      { cause: error },
    );
  }
}

function show(config: ProvisionConfig, what: string): void {
  const file = Object.hasOwn(shown, what) ? shown[what] : undefined;
  if (file === undefined) throw new Error(`There is no ${what || 'such thing'} to show: name one of ${names}.`);
  process.stdout.write(read(join(config.root, 'home', file)));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${path} cannot be read: run provision files first.`, { cause: error });
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

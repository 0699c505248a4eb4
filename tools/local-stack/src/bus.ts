import { freePort, locateNatsServer, portIsTaken } from '@sluice/embedded-servers';
import { provision, type BusNode, type Provisioned } from '@sluice/provision';
import { join } from 'node:path';
import type { StackConfig } from './config.js';
import { defaultEventsPort } from './config.js';
import { endLeftOver, startEmbeddedNats, type KeptServer } from './servers.js';

export interface StartedBus {
  readonly provisioned: Provisioned;
  readonly servers: readonly KeptServer[];
  /** For the services and for subscribers: each server by its port, separated by commas. */
  readonly natsUrl: string;
}

/**
 * Makes the configuration of NATS and starts it. Subscribers keep its address, so it has the same port each time: the one
 * that is set, or the usual one of NATS unless another program has it.
 * @throws Error with a sentence that names the variable when the port that is set is taken
 */
export async function startBus(
  config: StackConfig,
  say: (message: string) => void,
  onChange: () => void,
  onProvisioned: (provisioned: Provisioned) => void,
): Promise<StartedBus> {
  const makeWith = async (port: number) => {
    const nodes = config.natsServers > 1 ? await nodesFrom(config, port) : [];
    const provisioned = await provision({
      natsCluster: nodes,
      home: config.home,
      names: config.serverNames,
      natsListen: `127.0.0.1:${port}`,
      localSubscriber: true,
      busStoreMb: config.busStoreMb,
      now: Date.now(),
    });
    onProvisioned(provisioned);
    return { nodes, provisioned };
  };
  if (config.natsUrl) {
    const { provisioned } = await makeWith(config.eventsPort ?? defaultEventsPort);
    say(`using the NATS of NATS_URL; it must run with ${provisioned.natsConfigurationFile}`);
    return { provisioned, servers: [], natsUrl: config.natsUrl };
  }
  // A stack that was killed leaves them behind, on these ports.
  const names = serverNames(config);
  for (const name of ['nats-server', ...[1, 2, 3].map((number) => `nats-server-${number}`)])
    await endLeftOver(join(config.home, 'run', `${name}.pid`), name, say);
  locateNatsServer(say);

  const startOn = async (port: number): Promise<StartedBus> => {
    const { nodes, provisioned } = await makeWith(port);
    const files = nodes.length === 0 ? [provisioned.natsConfigurationFile] : provisioned.natsClusterFiles;
    const started = await Promise.allSettled(
      files.map((file, index) => startEmbeddedNats(config.home, file, say, onChange, names[index])),
    );
    const servers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = started.find((one) => one.status === 'rejected');
    if (failed) {
      await Promise.all(servers.map((server) => server.stop()));
      throw failed.reason;
    }
    say(nodes.length === 0 ? 'NATS is up' : `${nodes.length} servers of NATS are up`);
    const natsUrl = files.map((_file, index) => `nats://127.0.0.1:${port + index}`).join(',');
    return { provisioned, servers, natsUrl };
  };

  const wanted = config.eventsPort ?? defaultEventsPort;
  const taken = wanted !== 0 && (await anyIsTaken(wanted, config.natsServers));
  if (wanted !== 0 && !taken) {
    try {
      return await startOn(wanted);
    } catch (error) {
      // Somebody else may have taken it between the look and the start.
      if (!(await anyIsTaken(wanted, config.natsServers))) throw error;
    }
  }
  const what =
    config.natsServers > 1 ? `One of the ports ${wanted} to ${wanted + config.natsServers - 1}` : `Port ${wanted}`;
  if (config.eventsPort)
    throw new Error(
      `${what} is taken: set SLUICE_EVENTS_PORT to ${config.natsServers > 1 ? 'the first of three that are free' : 'a free one'}.`,
    );
  const port = await freePort(config.natsServers);
  if (wanted !== 0)
    say(
      `${what} is taken, so NATS has port ${port} until the next start: set SLUICE_EVENTS_PORT to one that stays free`,
    );
  return startOn(port);
}

function serverNames(config: StackConfig): string[] {
  if (config.natsServers === 1) return ['nats-server'];
  return Array.from({ length: config.natsServers }, (_, index) => `nats-server-${index + 1}`);
}

async function anyIsTaken(first: number, count: number): Promise<boolean> {
  const taken = await Promise.all(Array.from({ length: count }, (_, index) => portIsTaken(first + index)));
  return taken.includes(true);
}

async function nodesFrom(config: StackConfig, port: number): Promise<BusNode[]> {
  const routes = await freePort(config.natsServers);
  return Array.from({ length: config.natsServers }, (_, index) => ({
    name: `nats-${index + 1}`,
    listen: `127.0.0.1:${port + index}`,
    routeListen: `127.0.0.1:${routes + index}`,
    route: `127.0.0.1:${routes + index}`,
    storeDirectory: join(config.home, 'nats', `jetstream-${index + 1}`),
  }));
}

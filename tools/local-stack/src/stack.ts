import { portIsTaken } from '@sluice/embedded-servers';
import { keepServerCertificates, prepareDatabase, replaceFile, type Provisioned } from '@sluice/provision';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBus } from './bus.js';
import { appOf, programOf, type StackConfig } from './config.js';
import { ShowLines } from './development/show-lines.js';
import { watchBuilds } from './development/watch-builds.js';
import { PostgresCluster } from './postgres-cluster.js';
import type { Progress } from './progress.js';
import { deploySampleFlow, sampleFlowId } from './sample-flow.js';
import { startEmbeddedPostgres, type KeptServer } from './servers.js';
import { serviceProcesses, settingsNotPassedOn } from './service-environments.js';
import { readServiceSettings } from './settings/service-settings.js';
import { renderShellEnvironment, workFolder } from './shell-environment.js';
import { SupervisedProcess, type SupervisedOptions } from './supervised-process.js';

const readyTimeoutMs = 120_000;
const renewalIntervalMs = 12 * 3_600_000;
/** For programs and for shells: there while the stack is up. */
const describingFiles = ['stack.json', 'env'];

/** The whole local stack: servers, services, sample flow, and `stack.json` for programs that use it. */
export class Stack {
  readonly #processes: { service: string; process: SupervisedProcess }[] = [];
  readonly #servers: { name: string; server: KeptServer }[] = [];
  #facts: Record<string, unknown> | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #builds: { stop(): Promise<void> } | undefined;
  #startingAgain: Promise<void> = Promise.resolve();
  #stopping = false;
  /** Who ends the stack meanwhile waits for it: a server that has just been started would be left behind. */
  #startingServers: Promise<unknown> | undefined;
  #ended: Promise<void> | undefined;
  #locked = false;

  constructor(
    private readonly config: StackConfig,
    private readonly progress: Progress,
  ) {}

  async start(): Promise<void> {
    const { config, progress } = this;
    const { home } = config;
    this.#requireBuild();
    mkdirSync(home, { recursive: true });
    // Postgres has a user of its own when this is root, and must come through.
    chmodSync(home, 0o711);
    for (const folder of ['logs', 'run', 'nats', 'tls', 'secrets', workFolder]) {
      mkdirSync(join(home, folder), { recursive: true });
      chmodSync(join(home, folder), 0o700);
    }
    this.#takeLock();
    for (const file of describingFiles) rmSync(join(home, file), { force: true });
    await this.#requireFreePorts();

    const servers = this.#startServers();
    this.#startingServers = servers;
    const { provisioned, databaseUrl, natsUrl } = await servers;
    if (this.#stopping) return;
    await prepareDatabase(databaseUrl, (role) => readFileSync(provisioned.databasePasswordFile(role), 'utf8').trim());

    const settings = await readServiceSettings(config.root);
    const processes = serviceProcesses(config, provisioned, databaseUrl, natsUrl, settings, process.env);
    for (const name of settingsNotPassedOn(processes, settings, process.env))
      progress.say(`${name} is decided by this stack and not passed on: see docs/settings.md`);
    for (const [index, { service, number, environment }] of processes.entries()) {
      const supervised = new SupervisedProcess({
        name: `${service} ${number}`,
        program: programOf(config, service),
        environment,
        logFile: join(home, 'logs', `${service}-${number}.log`),
        say: progress.say,
        onChange: () => this.#writeFacts(),
        ...this.#forDevelopment(`${service} ${number}`, index),
      });
      this.#processes.push({ service, process: supervised });
      supervised.start();
    }
    progress.say(`starting ${this.#processes.length} service processes`);
    await this.#untilReady();
    if (this.#stopping) return;

    const { adminUrl } = config;
    const adminToken = readFileSync(provisioned.adminTokenFile, 'utf8').trim();
    const deployerToken = readFileSync(provisioned.partTokenFile('sample-flow'), 'utf8').trim();
    const ca = config.adminTls ? readFileSync(provisioned.serverRootFile, 'utf8') : undefined;
    if (await deploySampleFlow(adminUrl, deployerToken, ca)) progress.say(`deployed the sample flow ${sampleFlowId}`);
    const flowUrls = Array.from(
      { length: config.flowRuntimes },
      (_, index) => `https://localhost:${config.flowPort + index}`,
    );
    const flowUrl = flowUrls[0] as string;
    const serverRootCaFile = provisioned.serverRootFile;
    this.#facts = {
      adminUrl,
      adminToken,
      flowUrl,
      serverRootCaFile,
      natsUrl,
      subscriber: localSubscriber(provisioned),
      databaseUrl,
      flowUrls,
    };
    replaceFile(
      join(home, 'env'),
      renderShellEnvironment({ home, adminUrl, adminToken, flowUrl, serverRootCaFile, natsUrl }),
    );
    this.#writeFacts();
    if (config.development) this.#builds = watchBuilds(config.root, (apps) => void this.#startAgain(apps));
    this.#renewal = setInterval(() => void this.#renewCertificates(), renewalIntervalMs);
    this.#announce(adminUrl, flowUrls, serverRootCaFile);
  }

  /** Ends everything in the order that loses nothing, and keeps the data. Whoever asks again waits for the same end. */
  stop(): Promise<void> {
    return (this.#ended ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#renewal);
    await this.#builds?.stop();
    this.progress.say('ending; what is under way is finished first');
    const front = this.#processes.filter(({ service }) => service === 'admin-api' || service === 'flow-runtime');
    const behind = this.#processes.filter((entry) => !front.includes(entry));
    await Promise.all(front.map(({ process }) => process.stop()));
    await Promise.all(behind.map(({ process }) => process.stop()));
    await this.#startingServers?.catch(() => undefined);
    await Promise.all(this.#servers.map(({ server }) => server.stop()));
    // They are another stack's while that one has the folder.
    if (this.#locked)
      for (const file of [...describingFiles, join('run', 'stack.pid')])
        rmSync(join(this.config.home, file), { force: true });
    this.progress.say('ended; the data is kept');
  }

  #forDevelopment(name: string, index: number): Pick<SupervisedOptions, 'inspectPort' | 'onOutput'> {
    const { development } = this.config;
    if (!development) return {};
    const lines = new ShowLines(name, index, (line) => this.progress.plain(line), this.progress.coloured);
    return { inspectPort: development.firstInspectPort + index, onOutput: (chunk) => lines.take(chunk) };
  }

  /** The processes of these apps, as they were built now; one build after another. */
  #startAgain(apps: ReadonlySet<string>): Promise<void> {
    const startAgain = async () => {
      const began = performance.now();
      const concerned = this.#processes.filter(({ service }) => apps.has(appOf(service)));
      await Promise.all(concerned.map(({ process }) => process.restart()));
      await this.#untilReady();
      if (this.#stopping) return;
      const seconds = ((performance.now() - began) / 1_000).toFixed(1);
      this.progress.say(`started again in ${seconds} s: ${concerned.map(({ process }) => process.name).join(', ')}`);
    };
    // One that fails is told, and the next build is started all the same.
    this.#startingAgain = this.#startingAgain
      .then(startAgain)
      .catch((error: unknown) => this.progress.say(error instanceof Error ? error.message : String(error)));
    return this.#startingAgain;
  }

  /** The runtimes read the new files by themselves. */
  async #renewCertificates(): Promise<void> {
    try {
      await keepServerCertificates(join(this.config.home, 'tls'), this.config.serverNames, Date.now());
    } catch (error) {
      this.progress.say(`server certificates: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #requireBuild(): void {
    if (existsSync(programOf(this.config, 'admin-api'))) return;
    throw new Error('The services are not built: run npm run build.');
  }

  #takeLock(): void {
    const file = join(this.config.home, 'run', 'stack.pid');
    const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
    if (pid > 0 && pid !== process.pid && isAlive(pid)) {
      throw new Error(
        `A stack is running on ${this.config.home} already (process ${pid}): end it, or set SLUICE_HOME to another folder.`,
      );
    }
    replaceFile(file, String(process.pid));
    this.#locked = true;
  }

  async #requireFreePorts(): Promise<void> {
    const { adminPort, flowPort, proxies, flowRuntimes } = this.config;
    if (await portIsTaken(adminPort))
      throw new Error(`Port ${adminPort} is taken: set SLUICE_ADMIN_PORT to a free one.`);
    const firsts = { SLUICE_FLOW_PORT: flowPort, ...(proxies ? { SLUICE_PROXY_PORT: proxies.port } : {}) };
    for (const [variable, first] of Object.entries(firsts)) {
      for (let port = first; port < first + flowRuntimes; port++) {
        if (await portIsTaken(port))
          throw new Error(
            `Port ${port} is taken: set ${variable} to a free one${flowRuntimes > 1 ? ` with ${flowRuntimes - 1} free ports after it` : ''}.`,
          );
      }
    }
  }

  async #startPostgres(password: string): Promise<string> {
    if (this.config.databaseUrl) {
      this.progress.say('using the Postgres of DATABASE_URL');
      return this.config.databaseUrl;
    }
    const standby = this.config.postgresServers > 1;
    if (standby || PostgresCluster.wasIn(this.config.home)) {
      const cluster = await PostgresCluster.start({
        home: this.config.home,
        password,
        say: this.progress.say,
        onChange: () => this.#writeFacts(),
        standby,
      });
      this.#servers.push(...cluster.servers.map((server) => ({ name: 'postgres', server })));
      this.progress.say(standby ? 'Postgres is up; its standby follows' : 'Postgres is up');
      return cluster.url;
    }
    const { server, url } = await startEmbeddedPostgres(this.config.home, password, this.progress.say, () =>
      this.#writeFacts(),
    );
    this.#servers.push({ name: 'postgres', server });
    this.progress.say('Postgres is up');
    return url;
  }

  /** Postgres is started as soon as there is a password for it, and NATS meanwhile. */
  async #startServers(): Promise<{ provisioned: Provisioned; databaseUrl: string; natsUrl: string }> {
    const { config, progress } = this;
    let postgres: Promise<string> | undefined;
    const onProvisioned = (provisioned: Provisioned) => {
      if (postgres) return;
      progress.say(`keys and certificates are in ${config.home}`);
      postgres = this.#startPostgres(readFileSync(provisioned.databasePasswordFile('postgres'), 'utf8').trim());
    };
    const bus = startBus(config, progress.say, () => this.#writeFacts(), onProvisioned).then((started) => {
      this.#servers.push(...started.servers.map((server) => ({ name: 'nats-server', server })));
      return started;
    });
    const { provisioned, natsUrl } = await bus.catch(async (error: unknown) => {
      // It is ended with the stack, once it has started.
      await postgres?.catch(() => undefined);
      throw error;
    });
    return { provisioned, natsUrl, databaseUrl: await (postgres as unknown as Promise<string>) };
  }

  async #untilReady(): Promise<void> {
    const deadline = performance.now() + readyTimeoutMs;
    const told = new Set<string>();
    for (;;) {
      const states = await Promise.all(
        this.#processes.map(async ({ process }) => ({ process, missing: await process.missing() })),
      );
      for (const { process, missing } of states) {
        if (missing !== undefined || told.has(process.name)) continue;
        told.add(process.name);
        this.progress.say(`${process.name} is up`);
      }
      const refused = this.#processes.find(({ process }) => process.refusal !== undefined);
      if (refused) throw new Error(`${refused.process.name} does not start: ${refused.process.refusal}`);
      const waiting = states.filter(({ missing }) => missing !== undefined);
      if (waiting.length === 0 || this.#stopping) return;
      if (performance.now() > deadline) {
        const why = waiting.map(({ process, missing }) => `${process.name}: ${missing} (log: ${process.logFile})`);
        throw new Error(`Not everything came up: ${why.join('; ')}.`);
      }
      await sleep(50);
    }
  }

  #writeFacts(): void {
    if (!this.#facts || this.#stopping) return;
    const pids: Record<string, number[]> = {};
    const add = (name: string, pid: number | undefined) =>
      (pids[name] = [...(pids[name] ?? []), ...(pid === undefined ? [] : [pid])]);
    const health: Record<string, string[]> = {};
    for (const { service, process } of this.#processes) {
      add(service, process.pid);
      health[service] = [...(health[service] ?? []), ...(process.healthUrl === undefined ? [] : [process.healthUrl])];
    }
    for (const { name, server } of this.#servers) add(name, server.pid());
    try {
      replaceFile(
        join(this.config.home, 'stack.json'),
        `${JSON.stringify({ ...this.#facts, pids, health }, null, 2)}\n`,
      );
    } catch (error) {
      // On a full disk the file stays as it was; the stack must not end, and leave its children behind, for a description.
      this.progress.say(`stack.json cannot be written: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #announce(adminUrl: string, flowUrls: readonly string[], rootFile: string): void {
    const { progress } = this;
    progress.plain('');
    progress.plain(`  ${progress.bold('Admin API')}   ${adminUrl}   (description: ${adminUrl}/v1/openapi.json)`);
    progress.plain(`  ${progress.bold('Flows')}       ${flowUrls.map((url) => `${url}/http/…`).join('  ')}`);
    progress.plain(
      `  ${progress.bold('Events')}      ${String(this.#facts?.['natsUrl'])}   (who may subscribe: npm run sluice -- subscriber create NAME)`,
    );
    progress.plain('');
    progress.plain('  The whole scenario, step by step:   npm run demo');
    progress.plain('  A call without a certificate (401): ');
    progress.plain(`    curl --cacert ${rootFile} ${flowUrls[0]}/http/${sampleFlowId}`);
    progress.plain('  The administrator’s side, and the variables of every command in the docs:');
    progress.plain(`    . ${join(this.config.home, 'env')}`);
    progress.plain(`    curl ${this.config.adminTls ? '--cacert $CA ' : ''}-H "$AUTH" $ADMIN/v1/flows`);
    progress.plain('');
    progress.ready(`(Ctrl-C ends it and keeps the data in ${this.config.home})`);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || /local-stack|start\.mjs/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  } catch {
    return false;
  }
}

function localSubscriber({ localSubscriber }: Provisioned): { user: string; password: string } | undefined {
  return localSubscriber && { user: localSubscriber.user, password: localSubscriber.password };
}

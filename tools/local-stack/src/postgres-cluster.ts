import {
  freePort,
  makeStandby,
  reachableDataDirectory,
  signalFamily,
  standbyConfiguration,
  startPostgres,
  type ChildServer,
} from '@sluice/embedded-servers';
import { replaceFile } from '@sluice/provision';
import { chownSync, existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterState } from './cluster-state.js';
import { LogFile } from './log-file.js';
import { PostgresProbe } from './postgres-probe.js';
import { endLeftOver, type KeptServer } from './servers.js';

export interface PostgresClusterOptions {
  readonly home: string;
  readonly password: string;
  readonly say: (message: string) => void;
  readonly onChange: () => void;
  /** Whether there is a standby; without one the primary of an earlier cluster runs alone. */
  readonly standby: boolean;
}

type ServerNumber = 1 | 2;

const lookEveryMs = 500;
/** A primary that answers nothing for so long is taken for gone: it is killed, and the standby promoted. */
const primaryGoneMs = 4_000;
/** A standby that does not stream for so long is not waited for any more. */
const standbyGoneMs = 1_500;

const settings = {
  // A standby that is frozen or cut off is noticed by its silence.
  wal_sender_timeout: '2s',
  wal_receiver_status_interval: '1s',
  wal_retrieve_retry_interval: '500ms',
  // One that stays away does not fill the disk; it is made anew then.
  max_slot_wal_keep_size: '1GB',
};

const nameOf = (number: ServerNumber) => `postgres_${number}`;
const otherThan = (number: ServerNumber): ServerNumber => (number === 1 ? 2 : 1);

/**
 * A primary and its synchronous standby on this machine. One process decides: when the primary is gone it is killed, its end is
 * written down, and only then is the standby promoted; the old primary comes back as a copy of the new one and no other way.
 * A standby that is gone is given up within seconds, and from then on may not be promoted until it has everything again.
 */
export class PostgresCluster {
  readonly #servers = new Map<ServerNumber, ChildServer>();
  readonly #logs = new Map<ServerNumber, LogFile>();
  readonly #ports = new Map<ServerNumber, number>();
  readonly #state: ClusterState;
  #primaryAnsweredAt = performance.now();
  #standbyStreamedAt = performance.now();
  #stopping = false;
  #looking: Promise<void> | undefined;

  private constructor(private readonly options: PostgresClusterOptions) {
    this.#state = new ClusterState(join(options.home, 'run', 'postgres-cluster.json'));
  }

  /** Whether there was one in this folder, and so the data may be in the second server's directory. */
  static wasIn(home: string): boolean {
    return existsSync(join(home, 'run', 'postgres-cluster.json'));
  }

  /** Returns when the primary answers; a standby that has to be made follows. */
  static async start(options: PostgresClusterOptions): Promise<PostgresCluster> {
    const cluster = new PostgresCluster(options);
    await endLeftOver(join(options.home, 'run', 'postgres.pid'), 'postgres', options.say);
    for (const number of [1, 2] as const) {
      cluster.#ports.set(number, await freePort());
      cluster.#logs.set(number, new LogFile(join(options.home, 'logs', `postgres-${number}.log`)));
      await endLeftOver(cluster.#pidFile(number), `postgres-${number}`, options.say);
    }
    if (!options.standby) cluster.#state.write({ ...cluster.#state.current, inStep: false, standbyIsWhole: false });
    await cluster.#run(cluster.#state.current.primary, 'primary');
    cluster.#looking = cluster.#look();
    return cluster;
  }

  /** Of a user who may make roles and schemas, with both servers. */
  get url(): string {
    const numbers: ServerNumber[] = this.options.standby ? [1, 2] : [this.#state.current.primary];
    const hosts = numbers.map((number) => `127.0.0.1:${this.#ports.get(number)}`).join(',');
    return `postgres://postgres:${this.options.password}@${hosts}/postgres`;
  }

  /** In the order of the URL. */
  get servers(): KeptServer[] {
    const numbers: ServerNumber[] = this.options.standby ? [1, 2] : [this.#state.current.primary];
    return numbers.map((number) => ({
      pid: () => this.#servers.get(number)?.pid,
      stop: () => this.stop(),
    }));
  }

  #stopped: Promise<void> | undefined;
  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.#stopping = true;
    await this.#looking;
    const { primary } = this.#state.current;
    // The primary first: it ends when the standby has all of it.
    for (const number of [primary, otherThan(primary)]) {
      await this.#servers.get(number)?.stop('SIGINT', 15_000);
      rmSync(this.#pidFile(number), { force: true });
      this.#logs.get(number)?.close();
    }
  }

  async #look(): Promise<void> {
    while (!this.#stopping) {
      try {
        await this.#lookOnce();
      } catch (error) {
        this.options.say(`Postgres: ${error instanceof Error ? error.message : String(error)}`);
      }
      await sleep(lookEveryMs);
    }
  }

  async #lookOnce(): Promise<void> {
    const { primary } = this.#state.current;
    const probe = await PostgresProbe.open(this.#ports.get(primary) ?? 0, this.options.password);
    const now = performance.now();
    if (!probe) {
      const runs = this.#servers.has(primary);
      // Alone it is waited for as long as it takes, as one server is.
      if (runs && (!this.#state.current.inStep || now - this.#primaryAnsweredAt < primaryGoneMs)) return;
      return this.#state.current.inStep ? this.#failOver() : this.#run(primary, 'primary');
    }
    try {
      this.#primaryAnsweredAt = now;
      if (this.options.standby) await this.#lookAtStandby(probe, otherThan(primary));
    } finally {
      await probe.close();
    }
  }

  async #lookAtStandby(probe: PostgresProbe, standby: ServerNumber): Promise<void> {
    const state = this.#state.current;
    const now = performance.now();
    const runs = this.#servers.has(standby);
    const streams = runs && (await probe.streams(nameOf(standby)));
    if (streams) this.#standbyStreamedAt = now;
    else if (runs && (await probe.hasDiscardedLogOf(nameOf(standby)))) return this.#makeAnew(standby);
    if (state.inStep) {
      if (streams || (runs && now - this.#standbyStreamedAt < standbyGoneMs)) return;
      // Written down first: from here on the primary has what the standby has not.
      this.#state.write({ ...state, inStep: false });
      this.#configurePrimary(state.primary, '');
      await probe.reload();
      this.options.say(`the standby ${nameOf(standby)} is gone: changes go on without it`);
    } else if (!runs) await this.#startStandby(standby);
    else if (streams) {
      this.#configurePrimary(state.primary, nameOf(standby));
      await probe.reload();
      // Every later commit waits for the standby; in step it is when it has every earlier one too.
      if (!(await probe.standbyHasAll(nameOf(standby)))) return;
      this.#state.write({ ...state, inStep: true });
      this.options.say(`the standby ${nameOf(standby)} has everything: each change waits for it`);
    }
  }

  async #makeAnew(standby: ServerNumber): Promise<void> {
    this.#state.write({ ...this.#state.current, inStep: false, standbyIsWhole: false });
    await this.#servers.get(standby)?.stop('SIGQUIT');
    this.options.say(`the standby ${nameOf(standby)} was away too long: it is made anew`);
  }

  async #failOver(): Promise<void> {
    const { primary } = this.#state.current;
    const next = otherThan(primary);
    const port = this.#ports.get(next) ?? 0;
    const standby = await PostgresProbe.open(port, this.options.password);
    if (!standby) {
      // Neither answers: whichever does first.
      if (!this.#servers.has(primary)) await this.#run(primary, 'primary');
      return;
    }
    try {
      const old = this.#servers.get(primary);
      // Also those of its processes that are frozen: it must never answer again.
      if (old) signalFamily(old.pid, 'SIGKILL');
      await old?.exited;
      this.#state.write({ primary: next, inStep: false, standbyIsWhole: false });
      this.#configurePrimary(next, '');
      await standby.promote();
      this.#primaryAnsweredAt = performance.now();
      this.options.say(`the primary ${nameOf(primary)} was gone: ${nameOf(next)} is the primary`);
    } finally {
      await standby.close();
    }
  }

  async #startStandby(number: ServerNumber): Promise<void> {
    const { primary, standbyIsWhole } = this.#state.current;
    const follow = {
      primaryPort: this.#ports.get(primary) ?? 0,
      password: this.options.password,
      name: nameOf(number),
    };
    const dataDirectory = this.#directory(number);
    if (standbyIsWhole) this.#configure(number, standbyConfiguration(follow));
    else {
      await makeStandby({ ...follow, primaryDirectory: this.#directory(primary), dataDirectory });
      this.#state.write({ ...this.#state.current, standbyIsWhole: true });
    }
    await this.#run(number, 'standby');
    this.#standbyStreamedAt = performance.now();
  }

  async #run(number: ServerNumber, as: 'primary' | 'standby'): Promise<void> {
    const dataDirectory = this.#directory(number);
    if (as === 'primary' && existsSync(join(dataDirectory, 'PG_VERSION'))) {
      if (existsSync(join(dataDirectory, 'standby.signal')))
        // It was to be promoted when the stack was killed: that is written down before.
        await this.#finishPromotion(number);
      this.#configurePrimary(number, this.#state.current.inStep ? nameOf(otherThan(number)) : '');
    }
    const log = this.#logs.get(number);
    const server = await startPostgres({
      dataDirectory,
      port: this.#ports.get(number) ?? 0,
      password: this.options.password,
      settings,
      onLine: (line) => log?.write(`${line}\n`),
    });
    this.#servers.set(number, server);
    replaceFile(this.#pidFile(number), String(server.pid));
    this.options.onChange();
    void server.exited.then(({ code, signal }) => {
      this.#servers.delete(number);
      this.options.onChange();
      if (!this.#stopping)
        this.options.say(`${nameOf(number)} ${signal ? `was ended by ${signal}` : `ended with code ${code}`}`);
    });
    if (as === 'primary') this.#primaryAnsweredAt = performance.now();
  }

  async #finishPromotion(number: ServerNumber): Promise<void> {
    this.#configure(number, '');
    await this.#run(number, 'standby');
    const standby = await PostgresProbe.open(this.#ports.get(number) ?? 0, this.options.password);
    if (!standby) throw new Error(`${nameOf(number)} cannot be reached to finish its promotion.`);
    await standby.promote();
    await standby.close();
    await this.#servers.get(number)?.stop('SIGINT', 15_000);
  }

  #configurePrimary(number: ServerNumber, standby: string): void {
    this.#configure(number, `synchronous_standby_names = '${standby}'\n`);
  }

  /** The file is this stack's: nobody else sets anything by ALTER SYSTEM. */
  #configure(number: ServerNumber, content: string): void {
    const directory = this.#directory(number);
    if (!existsSync(join(directory, 'PG_VERSION'))) return;
    const file = join(directory, 'postgresql.auto.conf');
    const { uid, gid } = statSync(directory);
    replaceFile(file, content);
    chownSync(file, uid, gid);
  }

  #directory(number: ServerNumber): string {
    return reachableDataDirectory(join(this.options.home, number === 1 ? 'postgres' : 'postgres-2'));
  }

  #pidFile(number: ServerNumber): string {
    return join(this.options.home, 'run', `postgres-${number}.pid`);
  }
}

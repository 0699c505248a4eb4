import {
  freePort,
  reachableDataDirectory,
  startNatsServer,
  startPostgres,
  type ChildServer,
} from '@sluice/embedded-servers';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LogFile } from './log-file.js';

export interface KeptServer {
  readonly pid: () => number | undefined;
  stop(): Promise<void>;
}

export interface KeepServerOptions {
  readonly name: string;
  readonly home: string;
  readonly say: (message: string) => void;
  readonly onChange: () => void;
  /** How its orderly end is asked for. */
  readonly stopSignal: NodeJS.Signals;
  readonly start: (onLine: (line: string) => void) => Promise<ChildServer>;
}

/** Starts a server and starts it again when it dies. Its process id is kept in a file, for a stack that was killed. */
export async function keepServer(options: KeepServerOptions): Promise<KeptServer> {
  const { name, home, say } = options;
  const pidFile = join(home, 'run', `${name}.pid`);
  mkdirSync(join(home, 'run'), { recursive: true });
  await endLeftOver(pidFile, name, say);
  const log = new LogFile(join(home, 'logs', `${name}.log`));
  let server: ChildServer | undefined;
  let stopping = false;
  /** The start that is under way: one that is asked to end meanwhile is ended after it, not left behind. */
  let starting: Promise<void> | undefined;

  const start = () => (starting = startOnce());
  const startOnce = async () => {
    server = await options.start((line) => log.write(`${line}\n`));
    try {
      writeFileSync(pidFile, String(server.pid));
    } catch (error) {
      // The server is up all the same: it is ended with the stack, and only a stack that is killed leaves it unnamed.
      say(`${pidFile} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
    }
    options.onChange();
    void server.exited.then(async ({ code, signal }) => {
      server = undefined;
      options.onChange();
      for (let pause = 200; !stopping; pause = Math.min(pause * 2, 10_000)) {
        say(`${name} ${signal ? `was ended by ${signal}` : `ended with code ${code}`}; starting it again`);
        try {
          return await start();
        } catch (error) {
          say(`${name} does not start: ${error instanceof Error ? error.message : String(error)}`);
          await sleep(stopping ? 0 : pause);
        }
      }
    });
  };
  await start();
  return {
    pid: () => server?.pid,
    async stop() {
      stopping = true;
      await starting?.catch(() => undefined);
      await server?.stop(options.stopSignal, 15_000);
      rmSync(pidFile, { force: true });
      log.close();
    },
  };
}

/** A stack that was killed leaves its servers behind; they hold the data, so they are ended in good order first. */
export async function endLeftOver(pidFile: string, name: string, say: (message: string) => void): Promise<void> {
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  if (!isRunning(pid, name)) return;
  say(`ending the ${name} that an earlier stack left running`);
  process.kill(pid, name.startsWith('postgres') ? 'SIGINT' : 'SIGTERM');
  for (let tries = 0; tries < 150 && isRunning(pid, name); tries++) await sleep(100);
}

function isRunning(pid: number, name: string): boolean {
  try {
    process.kill(pid, 0);
    return (
      process.platform !== 'linux' || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(name.replace(/-\d+$/, ''))
    );
  } catch {
    return false;
  }
}

export interface StartedServers {
  readonly postgres?: KeptServer;
  readonly nats?: KeptServer;
  /** Of a user who may make roles and schemas. */
  readonly databaseUrl: string;
}

export async function startEmbeddedPostgres(
  home: string,
  password: string,
  say: (message: string) => void,
  onChange: () => void,
): Promise<{ server: KeptServer; url: string }> {
  const wanted = join(home, 'postgres');
  const dataDirectory = reachableDataDirectory(wanted);
  if (dataDirectory !== wanted)
    say(`Postgres cannot enter ${home} with a user of its own; its data goes to ${dataDirectory}`);
  const port = await freePort();
  const server = await keepServer({
    name: 'postgres',
    home,
    say,
    onChange,
    stopSignal: 'SIGINT',
    start: (onLine) => startPostgres({ dataDirectory, port, password, onLine }),
  });
  return { server, url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres` };
}

export function startEmbeddedNats(
  home: string,
  configurationFile: string,
  say: (message: string) => void,
  onChange: () => void,
  name = 'nats-server',
): Promise<KeptServer> {
  return keepServer({
    name,
    home,
    say,
    onChange,
    stopSignal: 'SIGTERM',
    start: (onLine) => startNatsServer({ configurationFile, onLine, say }),
  });
}

import { freePort, startNatsServer, type ChildServer } from '@sluice/embedded-servers';
import { cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endWithThisProcess, type Watch } from '../process/end-with-this-process.js';
import { TemporaryFolder } from '../process/temporary-folder.js';

/** Where the server is to live; a configuration made from it keeps everything in the folder of the test. */
export interface NatsPlace {
  /** `host:port`. */
  readonly listen: string;
  readonly folder: string;
}

/** A store as it was at some moment; put back once. */
export interface StoreCopy {
  readonly path: string;
}

export interface TestNatsOptions {
  /**
   * A configuration without `listen`, or a function that makes a whole one. Default: JetStream with its store in the
   * test's folder, no users.
   */
  readonly configuration?: string | ((place: NatsPlace) => string);
}

/** A real nats-server of one test (or of one file), with a folder of its own, that ends with it. */
export class TestNats implements AsyncDisposable {
  readonly output: string[] = [];
  #server: ChildServer | undefined;
  #watch: Watch | undefined;
  #copies = 0;

  private constructor(
    readonly port: number,
    private readonly folder: TemporaryFolder,
    private readonly render: (place: NatsPlace) => string,
  ) {}

  static async start(options: TestNatsOptions = {}): Promise<TestNats> {
    const { configuration = defaultConfiguration } = options;
    const render =
      typeof configuration === 'string'
        ? ({ listen }: NatsPlace) => `listen: ${JSON.stringify(listen)}\n${configuration}`
        : configuration;
    const nats = new TestNats(await freePort(), new TemporaryFolder('nats'), render);
    try {
      await nats.start();
    } catch (error) {
      nats.folder.remove();
      throw error;
    }
    return nats;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get folderPath(): string {
    return this.folder.path;
  }

  get running(): boolean {
    return this.#server !== undefined;
  }

  /** Starts it again on its port, with what its store holds. */
  async start(): Promise<void> {
    const configurationFile = join(this.folder.path, 'nats.conf');
    writeFileSync(configurationFile, this.render({ listen: `127.0.0.1:${this.port}`, folder: this.folder.path }));
    const server = await startNatsServer({
      configurationFile,
      onLine: (line) => void this.output.push(line),
    });
    this.#server = server;
    this.#watch = endWithThisProcess(server.pid, this.folder.path);
  }

  /** Ends the server and keeps its store, for a test of what happens without it. */
  async halt(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#watch?.dismiss();
    await this.#server?.stop(signal);
    this.#server = undefined;
  }

  /** Copies its store aside as it is at this moment, in the middle of whatever it does. */
  copyStore(): StoreCopy {
    const path = join(this.folder.path, `copy-${++this.#copies}`);
    this.#signal('SIGSTOP');
    try {
      cpSync(this.#store, path, { recursive: true });
    } finally {
      this.#signal('SIGCONT');
    }
    return { path };
  }

  /**
   * The power fails, and the store comes back as it was when the copy was made: what a server has answered for and had not
   * written to its disk is lost, and so it is when somebody restores an older store.
   * @param between what is done before it starts again
   */
  async losePower(copy: StoreCopy, between: () => Promise<void> | void = () => undefined): Promise<void> {
    await this.halt('SIGKILL');
    rmSync(this.#store, { recursive: true, force: true });
    renameSync(copy.path, this.#store);
    await between();
    await this.start();
  }

  /** Stops it where it is, with its connections open. */
  freeze(): void {
    this.#signal('SIGSTOP');
  }

  thaw(): void {
    this.#signal('SIGCONT');
  }

  #signal(name: NodeJS.Signals): void {
    if (this.#server) process.kill(this.#server.pid, name);
  }

  get #store(): string {
    return join(this.folder.path, 'jetstream');
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    await this.halt('SIGKILL');
    this.folder.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function defaultConfiguration({ listen, folder }: NatsPlace): string {
  return `listen: ${JSON.stringify(listen)}\njetstream { store_dir: ${JSON.stringify(join(folder, 'jetstream'))} }\n`;
}

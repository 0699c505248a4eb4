import { setTimeout as pause } from 'node:timers/promises';
import { until } from './wait-until.js';
import { TestBed } from './test-bed.js';

/** Every step between a request and its acknowledged event at which key-management is killed. */
export const steps = [
  'request-received',
  'transaction-begun',
  'rows-written',
  'outbox-written',
  'committed',
  'relay-leading',
  'batch-placed',
  'batch-read',
  'row-unpublished',
  'state-unsent',
  'state-acknowledged',
  'event-unsent',
  'event-acknowledged',
  'row-published',
  'batch-published',
  'batch-deleted',
  'publication-heard',
  'reply-sent',
] as const;
export type Step = (typeof steps)[number];

export interface CrashMatrixOptions {
  readonly steps: readonly Step[];
  readonly repeat: number;
  /** A relay is frozen until another has taken over, which takes as long as a silent session is left alone. */
  readonly frozenRelay: boolean;
  /** Down for longer than the stream's deduplication window, with an event in the stream that the outbox still has. */
  readonly longDowntime: boolean;
  readonly servers: boolean;
  readonly say: (message: string) => void;
}

export interface CrashMatrixResult {
  readonly crashes: number;
  readonly committed: number;
  /** What is not as it must be, one sentence each. */
  readonly faults: readonly string[];
}

const deduplicationWindowMs = 120_000;
const writers = 3;

/** Kills and freezes under a load of changes, and then holds the event stream against what was committed. */
export async function runCrashMatrix(options: CrashMatrixOptions): Promise<CrashMatrixResult> {
  const bed = await TestBed.start(1);
  try {
    const instances = await createInstances(bed);
    const load = new Load(bed, instances);
    load.start();
    let crashes = 0;
    for (let round = 1; round <= options.repeat; round++) {
      for (const step of options.steps) {
        await crashAt(bed, load, step);
        options.say(`killed at ${step} (${round} of ${options.repeat}); ${load.succeeded} changes so far`);
        crashes++;
      }
      if (options.servers) crashes += await crashServers(bed, load, options.say);
    }
    if (options.frozenRelay) {
      await freezeRelay(bed, load, options.say);
      crashes++;
    }
    if (options.longDowntime) {
      await stayDown(bed, load, options.say);
      crashes++;
    }
    await load.stop();
    return { crashes, ...(await check(bed, instances)) };
  } catch (error) {
    const logs = bed.processes.map(({ log }) => log.split('\n').slice(-15).join('\n')).join('\n');
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${logs}`, { cause: error });
  } finally {
    await bed.stop();
  }
}

async function createInstances(bed: TestBed): Promise<string[]> {
  const instances: string[] = [];
  for (let number = 1; number <= writers; number++) {
    await until('a first answer of key-management', async () => {
      instances.push(await bed.createInstance(`instance-${number}`));
      return true;
    });
  }
  return instances;
}

/** Each instance gets a new name all the time, one change after the other. */
class Load {
  succeeded = 0;
  #stopped = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly bed: TestBed,
    private readonly instances: readonly string[],
  ) {}

  start(): void {
    this.#running = Promise.all(
      this.instances.map(async (id, index) => {
        for (let number = 1; !this.#stopped; number++) {
          try {
            if ((await this.bed.rename(id, `instance-${index + 1}-${number}`)) === 'published') this.succeeded++;
          } catch {
            // Nobody answered: whether it was committed is what the check finds out.
            await pause(50);
          }
        }
      }),
    );
  }

  /** Changes are published again. */
  async goesOn(): Promise<void> {
    const before = this.succeeded;
    await until('changes that are published again', () => this.succeeded >= before + writers);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }
}

async function crashAt(bed: TestBed, load: Load, step: Step): Promise<void> {
  const [process] = bed.processes;
  if (!process) return;
  await load.goesOn();
  const { starts } = process;
  process.planFault(step, 'SIGKILL');
  // A relay leads once, at its beginning.
  if (step === 'relay-leading') process.signal('SIGKILL');
  await until(`a crash at ${step}`, () => process.faultHappened && process.starts > starts);
  await load.goesOn();
}

async function crashServers(bed: TestBed, load: Load, say: (message: string) => void): Promise<number> {
  await bed.crashNats();
  await load.goesOn();
  say('killed NATS');
  await bed.crashPostgres();
  await load.goesOn();
  say('killed Postgres');
  return 2;
}

async function freezeRelay(bed: TestBed, load: Load, say: (message: string) => void): Promise<void> {
  const [first] = bed.processes;
  if (!first) return;
  await load.goesOn();
  first.planFault('event-unsent', 'SIGSTOP');
  const second = bed.addProcess();
  await until('a frozen relay', () => first.faultHappened);
  await load.goesOn();
  say('froze a relay with an event in its hand; another took over');
  first.signal('SIGCONT');
  await load.goesOn();
  // The one that took over dies: the thawed one has to go on from where the other came to.
  second.hold();
  second.signal('SIGKILL');
  await load.goesOn();
  say('the thawed relay goes on');
}

async function stayDown(bed: TestBed, load: Load, say: (message: string) => void): Promise<void> {
  const [process] = bed.processes;
  if (!process) return;
  await load.goesOn();
  process.hold();
  process.planFault('event-acknowledged', 'SIGKILL');
  await until('a crash after an event was acknowledged', () => process.faultHappened && !process.running);
  say(`down for ${(deduplicationWindowMs + 5_000) / 1_000} s, longer than the deduplication window`);
  await pause(deduplicationWindowMs + 5_000);
  process.release();
  await load.goesOn();
}

async function check(bed: TestBed, instances: readonly string[]): Promise<{ committed: number; faults: string[] }> {
  const faults: string[] = [];
  await until('an empty outbox', async () => (await bed.committed(instances[0] ?? '')).waiting === 0);
  const events = await bed.streamed();
  const ids = new Set(events.map(({ id }) => id));
  if (ids.size !== events.length) faults.push(`${events.length - ids.size} events are in the stream twice`);
  let committed = 0;
  for (const id of instances) {
    const { names } = await bed.committed(id);
    committed += names.length;
    const told = events.filter(({ subject }) => subject === id).map(({ instanceName }) => instanceName);
    for (const name of names.filter((name) => !told.includes(name))) faults.push(`${name} was committed and not told`);
    for (const name of told.filter((name) => !names.includes(name))) faults.push(`${name} was told and not committed`);
    if (told.join() !== names.join()) faults.push(`the events of ${id} are not in the order of its changes`);
  }
  const { differing, compared } = await bed.comparison();
  if (differing > 0 || compared === 0) faults.push(`${differing} of ${compared} state records differ from Postgres`);
  return { committed, faults };
}

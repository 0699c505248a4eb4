import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { BenchStack, inParallel, median, say } from '../stack/bench-stack.js';
import { newInstance, newKey } from '../stack/new-key.js';

interface Round {
  readonly bare: number;
  readonly encoded: number;
  readonly useCase: number;
}

const program = join(
  ...[import.meta.dirname, '..', '..', '..', '..', 'apps', 'key-management', 'dist', 'bench', 'issue-in-process.js'],
);
const aim = { inProcess: 0.5, throughApi: 200 } as const;
const callers = 8;
const met = (yes: boolean) => (yes ? 'met' : 'NOT met');

function row(name: string, perSecond: number, ratios = ''): void {
  say(`${name.padEnd(58)} ${Math.round(perSecond).toString().padStart(7)}   ${ratios}`);
}

/** P-256 keys a second: by the use case in process, and through the API, beside node:crypto alone in the same run. */
export async function benchIssue(keys: number): Promise<void> {
  const rounds = issueInProcess();
  const of = (pick: (round: Round) => number) => median(rounds.map(pick));
  const toEncoded = of((round) => round.useCase / round.encoded);
  const toObjects = of((round) => round.useCase / round.bare);
  say('P-256 keys per second of one thread’s CPU, medians of the same run');
  row(
    'node:crypto: key pair as objects, one signature',
    of(({ bare }) => bare),
  );
  row(
    'node:crypto: key pair as SPKI and PKCS#8 PEM, one signature',
    of(({ encoded }) => encoded),
  );
  row(
    'create-service-key in process, no database',
    of(({ useCase }) => useCase),
    `ratio ${toEncoded.toFixed(2)} to the encoded pair, ${toObjects.toFixed(2)} to the objects`,
  );
  say(`aim: at least ${aim.inProcess} of key generation plus signing`);
  say(
    `  as a sender gets it, encoded: ${met(toEncoded >= aim.inProcess)}; as objects: ${met(toObjects >= aim.inProcess)}`,
  );

  say('starting a stack');
  const stack = await BenchStack.start();
  try {
    const instance = await newInstance(stack.admin, 'bench-issue');
    const make = async (name: string) => {
      await newKey(stack.admin, name, instance);
    };
    await inParallel(Math.ceil(keys / 10), callers, (index) => make(`warm-${index}`));
    const start = performance.now();
    await inParallel(keys, callers, (index) => make(`key-${index}`));
    const perSecond = (keys * 1_000) / (performance.now() - start);
    say(`through the API, ${callers} callers, each answered when its record is in the state stream; wall clock`);
    row(
      `${keys} keys`,
      perSecond,
      `ratio ${(perSecond / of((round) => round.encoded)).toFixed(3)} to the encoded pair`,
    );
    say(`aim: at least ${aim.throughApi} a second: ${met(perSecond >= aim.throughApi)}`);
  } finally {
    await stack.stop();
  }
}

function issueInProcess(): Round[] {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`Issuing in process failed: ${stderr}`);
  return JSON.parse(stdout) as Round[];
}

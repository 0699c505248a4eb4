import { putFlow } from '@sluice/contracts';
import { readFileSync } from 'node:fs';
import type { LoadTarget } from '../path/load.js';
import { CountingReceiver } from '../kill/counting-receiver.js';
import { BenchStack, say } from '../stack/bench-stack.js';
import { newKey } from '../stack/new-key.js';
import { OpenSender } from './open-sender.js';

/** Requests a second of each key, in relation to each other. */
const rates = { a: 1, b: 1, c: 1, greedy: 20 };
type Name = keyof typeof rates;
const names = Object.keys(rates) as Name[];
/** Share of what each gets when all want more: within this. */
const tolerance = 0.1;
const probeMs = 5_000;
const settleMs = 3_000;

interface Scarce {
  readonly what: string;
  readonly flow: string;
  readonly body: Buffer;
  /** As many of one key at once as find out what there is to be had. */
  readonly probing: number;
}

/**
 * Four keys of equal weight, one of which sends at twenty times the rate of the others, at a runtime that has less than they want: of the time of workers, and
 * of the places of a flow whose receiver is slow.
 * @returns whether each got its share within a tenth
 */
export async function benchShares(seconds: number): Promise<boolean> {
  say('starting a stack');
  const stack = await BenchStack.start();
  const receiver = await CountingReceiver.start(Buffer.from('ok'), 'text/plain', 200);
  let met = true;
  try {
    const conversion = { r: Array.from({ length: 1_500 }, (_, n) => ({ n, text: 'some text' })) };
    const scarce: readonly Scarce[] = [
      { what: 'time of workers', flow: 'conversions', body: Buffer.from(JSON.stringify(conversion)), probing: 16 },
      { what: 'places of a flow', flow: 'slow', body: Buffer.from('x'), probing: 64 },
    ];
    await deploy(stack, 'conversions', [{ jsonToXml: { rootElement: 'root' } }, { xmlToJson: {} }], {});
    await deploy(stack, 'slow', [{ requestReply: { adapter: 'HTTP', address: receiver.url, method: 'POST' } }], {
      maximumConcurrency: 16,
    });
    const keys = new Map<Name, { certificate: string; key: string }>();
    for (const name of names) keys.set(name, await newKey(stack.admin, name));
    const serverRoot = readFileSync(stack.facts.serverRootCaFile, 'utf8');
    for (const { what, flow, body, probing } of scarce) {
      const target = (name: Name): LoadTarget => {
        const { certificate, key } = keys.get(name) as { certificate: string; key: string };
        return { certificate, key, serverRoot, port: stack.flowPort, path: `/http/${flow}` };
      };
      const capacity = await capacityOf(target('a'), body, probing);
      // Each of the three wants half as much again as its share, the fourth twenty times that.
      const rate = (1.5 * capacity) / names.length;
      say(
        `\n${what}: ${capacity.toFixed(0)} messages a second can be had; each of three keys wants ${rate.toFixed(0)}`,
      );
      const senders = await Promise.all(
        names.map((name) =>
          OpenSender.start(target(name), body, rate * rates[name], Math.ceil(rate * rates[name] * 2)),
        ),
      );
      await pause(settleMs);
      for (const sender of senders) sender.reset();
      await pause(seconds * 1_000);
      const seen = senders.map(({ answers }) => ({ ...answers }));
      await Promise.all(senders.map((sender) => sender.stop()));
      const served = seen.map((answers) => answers['200'] ?? 0);
      const fair = served.reduce((sum, count) => sum + count, 0) / names.length;
      names.forEach((name, index) => {
        const share = (served[index] ?? 0) / fair;
        const ok = Math.abs(share - 1) <= tolerance;
        met &&= ok;
        say(
          `  ${name.padEnd(8)}${String(served[index]).padStart(6)} served, ${(100 * share).toFixed(0).padStart(3)} % of its share  ${JSON.stringify(seen[index])}${ok ? '' : '  NOT met'}`,
        );
      });
    }
  } finally {
    await receiver.stop();
    await stack.stop();
  }
  return met;
}

async function deploy(stack: BenchStack, id: string, steps: readonly unknown[], channel: object): Promise<void> {
  const definition = {
    name: id,
    sender: { adapter: 'HTTPS', address: `/${id}`, ...channel },
    steps,
    log: { level: 'INFO' },
  };
  await stack.admin.send(putFlow, { id }, { content: JSON.stringify(definition), mediaType: 'application/json' });
}

/** @returns messages a second that are served when one key always has so many under way */
async function capacityOf(target: LoadTarget, body: Buffer, atOnce: number): Promise<number> {
  const sender = await OpenSender.start(target, body, Infinity, atOnce);
  await pause(settleMs);
  sender.reset();
  await pause(probeMs);
  const served = sender.answers['200'] ?? 0;
  await sender.stop();
  return (served * 1_000) / probeMs;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

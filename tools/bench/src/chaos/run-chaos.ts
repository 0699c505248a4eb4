import { setTimeout as sleep } from 'node:timers/promises';
import { onChaosStack, recoveryTimeoutMs, untilRecovered } from './chaos-stack.js';
import { durationMs, faults, inflict, targets, type Fault, type Target } from './fault.js';
import { primaryOf, untilInStep, watchPromotion } from './postgres-roles.js';
import type { Outcomes, Window } from './traffic.js';

const say = (text: string) => process.stdout.write(`${text}\n`);

/**
 * Kills, freezes and cuts off one part after the other under load, for so many minutes. Prints a line for each.
 * @returns how many things happened that must not
 */
export function runChaos(minutes: number): Promise<number> {
  return onChaosStack(say, async ({ facts, traffic, administration }) => {
    say(
      'known: callers that were let in before; fresh: good keys on their first call; revoked: a revoked key. "late": the last\ncall of a just revoked key that was let in, after the acknowledgement. killed: SIGKILL; frozen: SIGSTOP for 3 s;\ncut off: SIGSTOP for 13 s, longer than the lease of 10 s.\n',
    );
    say(heading);
    let violations = 0;
    violations += report('nothing', '', traffic.nextWindow(), 0);
    const deadline = performance.now() + minutes * 60_000;
    const plan = faults.flatMap((fault) => targets.map((target) => ({ fault, target })));
    for (let turn = 0; performance.now() < deadline; turn++) {
      const { fault, target } = plan[turn % plan.length] as { fault: Fault; target: Target };
      traffic.nextWindow();
      traffic.faultBegan = performance.now();
      const end = inflict(fault, facts().pids[target] ?? []);
      await sleep(durationMs[fault]);
      end();
      const recovered = await untilRecovered(traffic, administration);
      const window = traffic.nextWindow();
      if (recovered === undefined) window.violations.push(`nothing worked again within ${recoveryTimeoutMs / 1_000} s`);
      violations += report(target, fault, window, recovered ?? Number.NaN);
      traffic.faultBegan = undefined;
      await sleep(3_000);
    }
    say(violations === 0 ? '\nNothing happened that must not.' : `\n${violations} things happened that must not.`);
    return violations;
  });
}

const columns = [21, 9, 22, 22, 22, 12, 8, 9, 10] as const;
const row = (cells: readonly string[]) =>
  cells
    .map((cell, index) => cell.padEnd(columns[index] ?? 0))
    .join(' ')
    .trimEnd();
const heading = row(['part', 'fault', 'known', 'fresh', 'revoked', 'revocations', 'late', 'gap', 'recovery']);

function report(target: string, fault: string, window: Window, recoveredMs: number): number {
  const text = (outcomes: Outcomes) =>
    Object.entries(outcomes)
      .map(([outcome, times]) => `${outcome}: ${times}`)
      .join(', ');
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  say(
    row([
      target,
      fault,
      text(window.known),
      text(window.fresh),
      text(window.strangers),
      String(window.revoked),
      `${Math.round(window.latestAfterRevocation)} ms`,
      seconds(window.longestGap),
      seconds(recoveredMs),
    ]),
  );
  for (const violation of new Set(window.violations)) say(`  MUST NOT BE: ${violation}`);
  return window.violations.length;
}

/** From the beginning of a fault on, or from when there was a primary of Postgres again, in milliseconds. */
const changesGoOnWithinMs = 5_000;

type Part = { readonly name: string; readonly kind: 'nats' | 'postgres'; readonly at: (primary: number) => number };
const parts: readonly Part[] = [
  ...[0, 1, 2].map((server) => ({ name: `NATS server ${server + 1}`, kind: 'nats', at: () => server }) as const),
  { name: 'Postgres primary', kind: 'postgres', at: (primary) => primary },
  { name: 'Postgres standby', kind: 'postgres', at: (primary) => 1 - primary },
];

/**
 * Kills, freezes and cuts off one of three NATS servers after the other, and primary and standby of Postgres, under load. Nobody
 * who was let in before may notice, changes go on soon, are refused with 503 alone until then, and none that was
 * acknowledged is lost.
 * @returns how many things happened that must not
 */
export function runClusterChaos(minutes: number): Promise<number> {
  return onChaosStack(
    say,
    async ({ facts, traffic, administration }) => {
      say(heading);
      let violations = report('nothing', '', traffic.nextWindow(), 0);
      const deadline = performance.now() + minutes * 60_000;
      const plan = faults.flatMap((fault) => parts.map((part) => ({ fault, part })));
      for (let turn = 0; performance.now() < deadline; turn++) {
        const { fault, part } = plan[turn % plan.length] as { fault: Fault; part: Part };
        const { databaseUrl } = facts();
        await untilInStep(databaseUrl);
        const primary = await primaryOf(databaseUrl);
        const place = part.at(primary);
        const pid = facts().pids[part.kind === 'nats' ? 'nats-server' : 'postgres']?.[place];
        if (pid === undefined) throw new Error(`${part.name} does not run`);
        traffic.nextWindow();
        administration.takeAnswers();
        const began = performance.now();
        traffic.faultBegan = began;
        const end = inflict(fault, [pid]);
        let over = false;
        const promoted =
          part.name === 'Postgres primary'
            ? watchPromotion(databaseUrl, 1 - primary, () => over)
            : Promise.resolve(undefined);
        const recovering = untilRecovered(traffic, administration);
        await sleep(durationMs[fault]);
        end();
        const recovered = await recovering;
        over = true;
        const promotedAt = await promoted;
        await sleep(3_000);
        const window = traffic.nextWindow();
        const answers = administration.takeAnswers();
        // A primary that froze for less than the stack waits for is not replaced: then the end of the fault counts.
        const from = promotedAt ?? (part.name === 'Postgres primary' ? began + durationMs[fault] : began);
        if (recovered === undefined || began + recovered - from > changesGoOnWithinMs)
          window.violations.push(`changes did not go on within ${changesGoOnWithinMs / 1_000} s`);
        for (const outcome of Object.keys(answers))
          // A service behind a server of NATS that answers nothing cannot be heard: 504 is all that is known then.
          if (!(part.kind === 'nats' ? /^(2..|409|50[34]|no answer)$/ : /^(2..|409|503)$/).test(outcome))
            window.violations.push(`a change was answered ${outcome}`);
        violations += report(part.name, fault, window, recovered ?? Number.NaN);
        const promotion =
          promotedAt === undefined ? '' : `; promoted after ${((promotedAt - began) / 1_000).toFixed(1)} s`;
        say(`  changes: ${JSON.stringify(answers)}${promotion}`);
        traffic.faultBegan = undefined;
      }
      const lost = await administration.findLost();
      for (const sentence of lost) say(`  MUST NOT BE: ${sentence}`);
      violations += lost.length;
      say(violations === 0 ? '\nNothing happened that must not.' : `\n${violations} things happened that must not.`);
      return violations;
    },
    3,
  );
}

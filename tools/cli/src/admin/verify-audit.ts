import type { AdminClient } from '@sluice/admin-client';
import { showAuditChain, showAuditHeads } from '@sluice/contracts';
import { AuditChainCheck, type AuditHead } from '@sluice/persistence';
import { connect } from '@nats-io/transport-node';
import { jetstreamManager } from '@nats-io/jetstream';
import { readFileSync } from 'node:fs';
import type { StackFacts } from '../stack-facts.js';
import { bold, dim, green, line, red, yellow } from '../terminal.js';

const faultExitCode = 2;
const subject = 'sluice.events.audit.head';

/**
 * Checks every audit trail entry by entry, and against the heads in the event stream when that can be reached. Ends with
 * code 2 when something was changed, removed, inserted or swapped.
 */
export async function verifyAudit(client: AdminClient, facts: StackFacts | undefined): Promise<void> {
  const told = facts ? await readToldHeads(facts) : undefined;
  // Asked before the entries are read: those made meanwhile come after it.
  const { heads } = await client.call(showAuditHeads, {});
  for (const head of heads) {
    const known = told?.get(head.service) ?? [];
    const check = new AuditChainCheck(known);
    for await (const entry of client.list(showAuditChain, { service: head.service })) {
      if (entry.sequence > head.sequence) break;
      check.add(entry);
    }
    check.end(head);
    const outcome = check.faults.length === 0 ? green('whole') : red(`${check.faults.length} faults`);
    line(`${bold(head.service.padEnd(16))} ${outcome}  ${dim(`${check.checked} entries, ${known.length} heads told`)}`);
    for (const fault of check.faults) line(`  ${red('✗')} ${fault}`);
    if (check.faults.length > 0) process.exitCode = faultExitCode;
  }
  if (!told) line(yellow('The event stream could not be read, so a cut-off end of a trail would not be seen.'));
}

/** Every head that was told, by service; undefined when the event stream cannot be read. */
async function readToldHeads(facts: StackFacts): Promise<Map<string, AuditHead[]> | undefined> {
  try {
    const connection = await connect({
      servers: facts.natsUrl,
      user: facts.subscriber.user,
      pass: facts.subscriber.password,
      tls: { ca: readFileSync(facts.serverRootCaFile, 'utf8') },
      name: 'verify-audit',
      reconnect: false,
    });
    try {
      const manager = await jetstreamManager(connection);
      const told = new Map<string, AuditHead[]>();
      for (let sequence = 1; ;) {
        const next = { seq: sequence, next_by_subj: subject };
        const message = await manager.streams.getMessage('SLUICE_EVENTS', next);
        if (!message) return told;
        const { data } = message.json<{ data: { heads: (AuditHead & { service: string })[] } }>();
        for (const { service, ...head } of data.heads) told.set(service, [...(told.get(service) ?? []), head]);
        sequence = message.seq + 1;
      }
    } finally {
      await connection.close();
    }
  } catch (error) {
    process.stderr.write(`${dim(error instanceof Error ? error.message : String(error))}\n`);
    return undefined;
  }
}

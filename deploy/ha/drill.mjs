/**
 * Ends and freezes the servers of a running stack of deploy/ha/docker-compose.yml by turns, under load, and prints what senders and
 * the administrator saw. Ends with 1 when something happened that must not. As root, beside the engine:
 *
 *   ADMIN_TOKEN=… SERVER_ROOT=server-root.pem node deploy/ha/drill.mjs [etcd] [nats] [postgres]
 *
 * ADMIN_URL, FLOW_URL: where both are published. ENGINE: `podman` (the default) or `docker`. PROJECT: `sluiceha`.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { adminCaller } from '../call-admin.mjs';

const adminUrl = process.env.ADMIN_URL ?? 'https://localhost:8080';
const flowUrl = process.env.FLOW_URL ?? 'https://localhost:8443';
const token = process.env.ADMIN_TOKEN;
const serverRoot = readFileSync(process.env.SERVER_ROOT, 'utf8');
const engine = process.env.ENGINE ?? 'podman';
const project = process.env.PROJECT ?? 'sluiceha';
const run = randomBytes(3).toString('hex');

const say = (text) => process.stdout.write(`${text}\n`);
const container = (service) => `${project}-${service}-1`;
const engineSays = (...args) => execFileSync(engine, args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
const inside = (service, ...command) => engineSays('exec', container(service), ...command);

const callAdmin = adminCaller({ url: adminUrl, ca: serverRoot, token, timeoutMs: 15_000 });

async function admin(...given) {
  const { status, headers, body } = await callAdmin(...given);
  return { status, retry: headers['retry-after'] !== undefined, body };
}

function call(agent, path) {
  return new Promise((resolve) => {
    const outgoing = request(new URL(path, flowUrl), { method: 'POST', agent }, (answer) => {
      answer.resume();
      answer.on('error', (error) => resolve(error.code));
      answer.on('end', () => resolve(String(answer.statusCode)));
    });
    outgoing.on('error', (error) => resolve(error.code ?? error.message));
    outgoing.setTimeout(15_000, () => outgoing.destroy(new Error('no answer')));
    outgoing.end('{}');
  });
}

/** What is seen in one turn: outcomes, and the longest time without one that was good. */
class Seen {
  outcomes = {};
  maxGap = 0;
  constructor(good, allowed) {
    this.good = good;
    this.allowed = allowed;
    this.lastGood = performance.now();
  }
  note(outcome) {
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
    if (!this.good.test(outcome)) return;
    const now = performance.now();
    this.maxGap = Math.max(this.maxGap, now - this.lastGood);
    this.lastGood = now;
  }
  /** @returns a text of it, and what must not be; what comes after counts anew */
  take() {
    const text = `${JSON.stringify(this.outcomes)}, longest gap ${(this.maxGap / 1_000).toFixed(1)} s`;
    const bad = Object.keys(this.outcomes).filter((outcome) => !this.good.test(outcome) && !this.allowed.test(outcome));
    this.outcomes = {};
    this.maxGap = 0;
    return { text, bad };
  }
}

const members = () =>
  JSON.parse(inside('postgres-1', 'patronictl', '-c', '/run/sluice/patroni.yml', 'list', '-f', 'json'));

/** @returns seconds until every server of Postgres is part of the cluster again, one of them synchronous */
async function untilWhole() {
  const began = performance.now();
  while (performance.now() - began < 90_000) {
    const all = members();
    const [leader] = all.filter(({ Role }) => Role === 'Leader');
    const follows = ({ State, TL }) => State === 'streaming' && TL === leader.TL;
    if (
      leader &&
      all.every((each) => each === leader || follows(each)) &&
      all.some(({ Role }) => Role === 'Sync Standby')
    )
      return (performance.now() - began) / 1_000;
    await sleep(500);
  }
  return undefined;
}

const leaders = {
  postgres: () => members().find(({ Role }) => Role === 'Leader')?.Member,
  nats: () => {
    const jsz = JSON.parse(
      inside('nats-1', 'wget', '-q', '-O', '-', 'http://127.0.0.1:8222/jsz?accounts=true&streams=true'),
    );
    const streams = jsz.account_details.flatMap(({ stream_detail }) => stream_detail ?? []);
    return streams.find(({ name }) => name === 'KV_SLUICE_STATE')?.cluster?.leader;
  },
  etcd: () => 'etcd-1',
};

/** SIGKILL to the process of the container itself: the engine starts it again, as after any crash. */
function kill(service) {
  process.kill(Number(engineSays('inspect', '--format', '{{.State.Pid}}', container(service))), 'SIGKILL');
  return () => undefined;
}
function pause(service) {
  engineSays('pause', container(service));
  return () => engineSays('unpause', container(service));
}

const turns = [
  { kind: 'etcd', fault: 'killed', inflict: kill, forMs: 0 },
  { kind: 'nats', fault: 'killed', inflict: kill, forMs: 0 },
  { kind: 'postgres', fault: 'killed', inflict: kill, forMs: 0 },
  { kind: 'etcd', fault: 'paused', inflict: pause, forMs: 15_000 },
  { kind: 'nats', fault: 'paused', inflict: pause, forMs: 15_000 },
  { kind: 'postgres', fault: 'paused', inflict: pause, forMs: 45_000 },
];

const role = `Drill.n${run}`;
await admin('POST', '/v1/user-roles', { name: role, description: '' });
const { body: instance } = await admin('POST', '/v1/service-instances', {
  name: `drill-${run}`,
  parameters: { roles: [role] },
});
const { body: key } = await admin('POST', `/v1/service-instances/${instance.id}/service-keys`, {
  name: 'sender',
  parameters: { 'key-type': 'certificate', 'key-algorithm': 'P-256' },
});

/** With a message processing log, or without: with one a call is answered 503 while its entry cannot be kept. */
async function deploy(flow, level) {
  const definition = `name: ${flow}\nsender: {adapter: HTTPS, address: /${flow}, authorization: {type: UserRole, role: ${role}}}\nsteps: []\nlog: {level: ${level}}\n`;
  const deployed = await admin('PUT', `/v1/flows/${flow}`, definition, 'application/yaml');
  if (deployed.status >= 300) throw new Error(JSON.stringify(deployed.body));
  return `/http/${flow}`;
}
const plain = await deploy(`drill-${run}`, 'NONE');
const logged = await deploy(`drill-logged-${run}`, 'INFO');

let going = true;
let faults = 0;
const known = new Seen(/^20[04]$/, /^$/);
const withLog = new Seen(/^20[04]$/, /^503$/);
// 504: a service behind a server of NATS that answers nothing cannot be heard until the connection is given up.
const changes = new Seen(/^20[12]$/, /^50[34]$/);
const acknowledged = [];

async function callAsKnown(path, seen) {
  const agent = new Agent({
    ca: serverRoot,
    cert: key.credentials.certificate,
    key: key.credentials.key,
    keepAlive: true,
    maxSockets: 1,
  });
  while (going) {
    seen.note(await call(agent, path));
    await sleep(25);
  }
  agent.destroy();
}

async function change() {
  for (let count = 0; going; count++) {
    const name = `Drill.n${run}.${count}`;
    try {
      const { status, retry } = await admin('POST', '/v1/user-roles', { name, description: '' });
      if (status === 201 || status === 202) acknowledged.push(name);
      changes.note(status === 503 && !retry ? '503 without Retry-After' : String(status));
    } catch (error) {
      changes.note(error.name);
    }
    await sleep(100);
  }
}

const working = [callAsKnown(plain, known), callAsKnown(logged, withLog), change()];
await sleep(5_000);
const everything = { 'known callers': known, 'with a log': withLog, changes };
function report(what) {
  const seen = Object.entries(everything).map(([who, each]) => ({ who, ...each.take() }));
  say(`${what}\n${seen.map(({ who, text }) => `  ${who}: ${text}`).join('\n')}`);
  for (const { who, bad } of seen) {
    faults += bad.length;
    for (const outcome of bad) say(`  MUST NOT BE: ${who}: ${outcome}`);
  }
}
report('nothing');
const wanted = process.argv.slice(2);
for (const { kind, fault, inflict, forMs } of turns.filter(
  (turn) => wanted.length === 0 || wanted.includes(turn.kind),
)) {
  const service = leaders[kind]();
  for (const each of Object.values(everything)) each.take();
  const end = inflict(service);
  await sleep(forMs);
  end();
  // All three have to be one again before the next.
  await sleep(30_000);
  report(`${service} ${fault}${forMs ? ` for ${forMs / 1_000} s` : ''}`);
  if (kind !== 'postgres') continue;
  const seconds = await untilWhole();
  if (seconds === undefined) faults++;
  say(
    seconds === undefined
      ? '  MUST NOT BE: it did not come back as a standby'
      : `  all three are one again ${(30 + seconds).toFixed(0)} s after the end`,
  );
}
going = false;
await Promise.all(working);

const there = new Set();
for (let after = ''; after !== undefined;) {
  const { body } = await admin('GET', `/v1/user-roles?limit=1000${after && `&after=${encodeURIComponent(after)}`}`);
  for (const { name } of body.items) there.add(name);
  after = body.next;
}
const lost = acknowledged.filter((name) => !there.has(name));
faults += lost.length;
say(`${acknowledged.length} changes were acknowledged, ${lost.length} of them are lost`);
say(faults === 0 ? 'nothing happened that must not' : `${faults} things happened that must not`);
process.exitCode = faults === 0 ? 0 : 1;

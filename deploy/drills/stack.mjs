/** The compose stack a drill works on: its containers, its administrator's API, and a sender it lets in. */
import { execFile } from 'node:child_process';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { adminCaller } from '../call-admin.mjs';

export const root = join(import.meta.dirname, '..', '..');
const compose = ['compose', '--project-directory', root, '-f', join(root, 'docker-compose.yml')];

/** A compose project of its own, so that a drill touches nobody else's. */
export class Stack {
  /**
   * @param project name of the compose project
   * @param flowPort, adminPort, metricsPort, eventsPort where the load balancer, the admin API, the metrics and NATS are published
   * @param image of all services
   */
  constructor({ project, flowPort, adminPort, metricsPort, eventsPort, image }) {
    Object.assign(this, { project, flowPort, adminPort, metricsPort, eventsPort, image });
    this.adminUrl = `https://localhost:${adminPort}`;
  }

  get environment() {
    return {
      ...process.env,
      COMPOSE_PROJECT_NAME: this.project,
      SLUICE_FLOW_PORT: String(this.flowPort),
      SLUICE_ADMIN_PORT: String(this.adminPort),
      SLUICE_METRICS_PORT: String(this.metricsPort),
      SLUICE_EVENTS_PORT: String(this.eventsPort),
      SLUICE_IMAGE: this.image,
    };
  }

  /** @returns what the program wrote; @throws Error with what it complained of */
  run(program, args, { environment = {}, input } = {}) {
    return new Promise((resolve, reject) => {
      const child = execFile(
        program,
        args,
        { env: { ...this.environment, ...environment }, maxBuffer: 1 << 28, encoding: 'utf8', cwd: root },
        (error, stdout, stderr) => {
          if (error)
            reject(
              new Error(`${program} ${args.join(' ')}: ${`${stdout}${stderr}`.trim().slice(-2_000) || error.message}`),
            );
          else resolve(stdout);
        },
      );
      if (input !== undefined) child.stdin.end(input);
    });
  }

  compose(...args) {
    return this.run('docker', [...compose, ...args]);
  }

  docker(...args) {
    return this.run('docker', args);
  }

  /** Starts everything and waits until each service says that it is ready. */
  async up(scale = {}) {
    const scales = Object.entries(scale).flatMap(([service, count]) => ['--scale', `${service}=${count}`]);
    await this.compose('up', '--detach', ...scales);
    await this.ready();
    return this;
  }

  /** The containers of a service, or of all. */
  async containers(...services) {
    return (await this.compose('ps', '--quiet', ...services)).split('\n').filter(Boolean);
  }

  /** Waits until every service says that it is ready, and the load balancer has a runtime. */
  async ready(seconds = 120) {
    const services = [
      'key-management',
      'authorization',
      'certificate-verifier',
      'flow-runtime',
      'message-log',
      'admin-api',
    ];
    await until(
      async () => {
        const containers = await this.containers(...services);
        if (containers.length < services.length) return false;
        // One after the other: each starts a program, and the machine has other work to do.
        const checks = [
          ...containers.map((id) => () => this.docker('exec', id, 'node', '/srv/sluice/check-health.mjs')),
          () => this.compose('exec', '-T', 'load-balancer', 'bash', '/etc/sluice/haproxy/check-health.sh'),
        ];
        try {
          for (const check of checks) await check();
          return true;
        } catch {
          return false;
        }
      },
      'every service to be ready',
      seconds,
    );
  }

  /** What provisioning made: `admin-token`, `server-root`. */
  async show(what) {
    return (await this.compose('run', '--rm', '-T', '--no-deps', 'provision', 'provision', 'show', what)).trim();
  }

  /** Reads what everything else of the administrator's needs. */
  async signIn() {
    this.serverRoot ??= `${await this.show('server-root')}\n`;
    this.token ??= await this.show('admin-token');
    return this;
  }

  /** @returns status and body; status 0 when the admin API was not reached */
  async admin(method, path, body, type = 'application/json') {
    try {
      this.callAdmin ??= adminCaller({ url: this.adminUrl, ca: this.serverRoot, token: this.token });
      const { status, body: answer } = await this.callAdmin(method, path, body, type);
      return { status, body: answer };
    } catch (error) {
      return { status: 0, body: error.code ?? error.name };
    }
  }

  async must(method, path, body, type) {
    const answer = await this.admin(method, path, body, type);
    if (answer.status < 200 || answer.status > 299)
      throw new Error(`${method} ${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** A role, a flow that asks for it, and a service instance that has it. @returns to issue keys for it */
  async makeFlow(name) {
    const role = `Drill.${name.replaceAll('-', '_')}`;
    await this.must('POST', '/v1/user-roles', { name: role, description: '' });
    const instance = await this.must('POST', '/v1/service-instances', {
      name,
      plan: 'integration-flow',
      parameters: { roles: [role] },
    });
    const flow = `name: ${name}\nsender: {adapter: HTTPS, address: /${name}, authorization: {type: UserRole, role: ${role}}}\nsteps: [{contentModifier: {body: '{"accepted": true}'}}]\n`;
    await this.must('PUT', `/v1/flows/${name}`, flow, 'application/yaml');
    return { name, role, instanceId: instance.id, path: `/http/${name}` };
  }

  /** @returns the key as it was issued, and a sender with it */
  async issueKey(flow, name) {
    const key = await this.must('POST', `/v1/service-instances/${flow.instanceId}/service-keys`, {
      name,
      parameters: { 'key-type': 'certificate', 'key-algorithm': 'P-256', validity: 30 },
    });
    return { ...key, credentials: key.credentials, sender: new Sender(this, flow.path, key.credentials) };
  }

  revoke(key) {
    return this.admin('POST', `/v1/service-keys/${key.id}/revoke`, {});
  }

  /** What the services counted, by their own metrics. @returns the sum over all containers of a service */
  async metric(service, name) {
    let sum = 0;
    for (const id of await this.containers(service)) {
      const text = await this.docker('exec', id, 'node', '-e', readMetrics);
      for (const [, value] of text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))) sum += Number(value);
    }
    return sum;
  }
}

const readMetrics = `fetch('http://127.0.0.1:8081/metrics').then((r) => r.text()).then((t) => process.stdout.write(t))`;

/** A sender that calls over connections it keeps. */
export class Sender {
  constructor(stack, path, { key, certificate }) {
    this.url = new URL(path, `https://localhost:${stack.flowPort}`);
    this.agent = new Agent({ ca: stack.serverRoot, key, cert: certificate, keepAlive: true, maxSockets: 8 });
  }

  /** @returns the status, or the error's code where there was no answer */
  call(timeoutMs = 30_000) {
    return new Promise((resolve) => {
      const outgoing = request(
        this.url,
        { method: 'POST', agent: this.agent, headers: { 'content-type': 'application/json' }, timeout: timeoutMs },
        (response) =>
          response
            .resume()
            .on('end', () => resolve(response.statusCode))
            .on('error', (error) => resolve(error.code)),
      );
      outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
      outgoing.on('error', (error) => resolve(error.code));
      outgoing.end('{}');
    });
  }

  /** Waits until it is answered with a status. */
  answered(status, seconds = 30) {
    return until(async () => (await this.call()) === status, `the sender to be answered ${status}`, seconds);
  }

  close() {
    this.agent.destroy();
  }
}

/** @throws Error that says what it waited for */
export async function until(condition, what, seconds = 30) {
  for (const end = performance.now() + seconds * 1_000; ; await sleep(250)) {
    if (await condition()) return;
    if (performance.now() > end) throw new Error(`Waited ${seconds} s for ${what}.`);
  }
}

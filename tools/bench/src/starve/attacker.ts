/** A sender in a process of its own, so that what it does takes nothing of the one that measures: sends the messages of one attack, all at once. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { LoadTarget } from '../path/load.js';
import { attacks } from './attacks.js';

const { name, target } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as {
  name: string;
  target: LoadTarget;
};
const attack = attacks.find((one) => one.name === name);
if (!attack) throw new Error(`There is no attack ${name}.`);
const body = attack.body();
const agent = new Agent({
  keepAlive: true,
  maxSockets: 64,
  ca: target.serverRoot,
  cert: target.certificate,
  key: target.key,
});

function send(): Promise<string> {
  return new Promise((resolve) => {
    const sent = request(
      {
        agent,
        host: '127.0.0.1',
        servername: 'localhost',
        port: target.port,
        method: 'POST',
        path: target.path,
        headers: {
          host: 'localhost',
          'content-type': attack?.contentType,
          'content-length': body.length,
          ...attack?.headers,
        },
      },
      (response) => {
        response.resume();
        response.on('end', () => resolve(String(response.statusCode)));
        response.on('error', () => resolve('broken'));
      },
    );
    sent.on('error', () => resolve('broken'));
    sent.end(body);
  });
}

process.stdout.write('ready\n');
process.stdin.once('data', () => {
  void Promise.all(Array.from({ length: attack.messages }, send)).then((statuses) => {
    const counts: Record<string, number> = {};
    for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
    process.stdout.write(`${JSON.stringify(counts)}\n`);
    process.exit(0);
  });
});

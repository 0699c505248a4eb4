import { constantRate, steadily } from './load.mjs';

/** Image A to image B and back with `deploy/upgrade.sh`, under load. */
export async function upgrade({ stack, imageFrom, see, say }) {
  const flow = await stack.makeFlow(`upgrade-${Date.now().toString(36)}`);
  const key = await stack.issueKey(flow, 'sender');
  await key.sender.answered(200);
  const untouched = () => stack.containers('postgres', 'nats', 'load-balancer');
  const before = (await untouched()).sort().join();
  const images = { upgrade: imageFrom(stack.image, 'b', ['LABEL drill=b']), rollback: stack.image };
  for (const [what, image] of Object.entries(images)) {
    stack.image = image;
    const calls = constantRate(() => key.sender.call(), 40);
    let count = 0;
    const change = () =>
      stack.admin('POST', '/v1/user-roles', { name: `${flow.role}.${what}.${count++}`, description: '' });
    const changes = steadily(async () => (await change()).status, 200);
    const began = performance.now();
    try {
      say(await stack.run('bash', ['deploy/upgrade.sh']));
    } finally {
      await Promise.all([calls.stop(), changes.stop()]);
    }
    see(`${what} took`, `${((performance.now() - began) / 1_000).toFixed(0)} s`, () => true);
    see(`calls of a known sender during the ${what}`, calls.tally, ({ failures }) => failures.length === 0);
    // Whoever makes changes has the admin API replaced under its hands once.
    see(`changes during the ${what}`, changes.tally, ({ failures, count: all }) => failures.length < all / 4);
    const ids = await stack.containers(
      'key-management',
      'authorization',
      'certificate-verifier',
      'flow-runtime',
      'message-log',
      'admin-api',
    );
    const running = new Set(
      (await stack.docker('inspect', '--format', '{{.Image}}', ...ids)).split('\n').filter(Boolean),
    );
    see(`images that services run after the ${what}`, running.size, 1);
    see('containers', ids.length, 8);
  }
  see(
    'Postgres, NATS and the load balancer are the same containers',
    (await untouched()).sort().join() === before,
    true,
  );
  key.sender.close();
}

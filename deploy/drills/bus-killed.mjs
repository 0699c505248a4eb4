import { setTimeout as sleep } from 'node:timers/promises';
import { constantRate, steadily } from './load.mjs';
import { until } from './stack.mjs';

/** NATS ended with SIGKILL, three times; the engine starts it again. */
export async function busKilled({ stack, see }) {
  const flow = await stack.makeFlow(`bus-${Date.now().toString(36)}`);
  const key = await stack.issueKey(flow, 'sender');
  await key.sender.answered(200);
  const [nats] = await stack.containers('nats');
  const processId = async () => Number(await stack.docker('inspect', '--format', '{{.State.Pid}}', nats));
  for (let round = 1; round <= 3; round++) {
    const calls = constantRate(() => key.sender.call(), 40);
    let count = 0;
    const change = () =>
      stack.admin('POST', '/v1/user-roles', { name: `${flow.role}.${round}.${count++}`, description: '' });
    const changes = steadily(async () => (await change()).status, 200);
    await sleep(2_000);
    const ended = await processId();
    const began = performance.now();
    // A program that is killed through the engine counts as stopped on purpose, and is not started again.
    process.kill(ended, 'SIGKILL');
    await until(async () => ![0, ended].includes(await processId()), 'the engine to start NATS again', 60);
    const back = ((performance.now() - began) / 1_000).toFixed(1);
    await stack.ready();
    see(
      `kill ${round}: NATS is back after, all is ready after`,
      `${back} s, ${((performance.now() - began) / 1_000).toFixed(1)} s`,
      () => true,
    );
    await sleep(10_000);
    await Promise.all([calls.stop(), changes.stop()]);
    see(
      `kill ${round}: calls of a known sender`,
      calls.tally,
      ({ failures, failedForSeconds }) => failures.length === 0 || failedForSeconds <= 2,
    );
    see(`kill ${round}: changes`, changes.tally, () => true);
  }
  see(
    'state streams found to have lost something',
    await stack.metric('key-management', 'sluice_state_losses_total'),
    0,
  );
  key.sender.close();
}
